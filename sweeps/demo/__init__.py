"""A page on this machine to try the winner: python -m sweeps.demo SWEEP. Optional: `uv sync --extra demo`."""
