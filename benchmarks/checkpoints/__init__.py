"""A measurement of checkpoints with real weights."""
