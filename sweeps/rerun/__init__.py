"""`python -m sweeps.rerun RUN_ID`: a recorded run trained again and compared."""
