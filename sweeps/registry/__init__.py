"""The winner in MLflow's registry of models: loaded with mlflow.pyfunc, served over HTTP."""
