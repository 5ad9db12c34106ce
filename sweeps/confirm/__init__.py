"""Stage 2: finalists, baseline and untuned backbone on fresh seeds, looked at while it runs."""
