"""One stage on Ray Tune."""
