"""`python -m sweeps.replay SWEEP`: other stopping rules on recorded curves."""
