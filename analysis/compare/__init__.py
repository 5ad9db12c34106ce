"""`python -m analysis.compare A B`: any two runs, sweeps, files or published counts."""
