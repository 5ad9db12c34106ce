"""The winner leaves the house: python -m sweeps.export SWEEP OUT writes a folder that other software loads."""
