"""The evidence of a sweep in one file: python -m sweeps.bundle SWEEP OUT.zip, and --check OUT.zip."""
