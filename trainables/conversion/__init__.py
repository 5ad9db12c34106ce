"""Weights in other files than safetensors, read for the commands that convert them."""
