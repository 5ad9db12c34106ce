"""`python -m sweeps.control SWEEP ...`: steers a running sweep."""
