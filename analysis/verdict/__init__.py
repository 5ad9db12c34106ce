"""The rule that says whether a finalist beats the baseline, and its sentences."""
