"""`python -m analysis.report SWEEP`: one page about a recorded sweep."""
