"""The only reader of MLflow: runs and sweeps as they were recorded."""
