"""Sweep file, machine and data to what a stage needs, and what it costs."""
