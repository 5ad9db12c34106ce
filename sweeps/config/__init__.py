"""A sweep file to a `SweepSpec`. Loads neither torch, ray nor mlflow."""
