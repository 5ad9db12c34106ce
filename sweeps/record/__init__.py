"""The only writer of MLflow."""
