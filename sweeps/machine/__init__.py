"""What this machine holds: device, precision, memory, weights, versions."""
