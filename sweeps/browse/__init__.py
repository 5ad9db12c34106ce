"""`python -m sweeps.browse`: sweeps in a browser, to watch and to steer. It loads neither Ray nor torch."""
