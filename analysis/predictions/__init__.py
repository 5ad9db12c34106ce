"""Predictions from files, aligned clip by clip, and their metrics."""
