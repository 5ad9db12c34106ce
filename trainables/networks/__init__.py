"""Networks of our own: those of backbones that no library has, as plain modules named like the published weights."""
