"""One sweep's folder: journal, progress, and which sweep a command means."""
