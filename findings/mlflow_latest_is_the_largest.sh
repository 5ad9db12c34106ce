#!/usr/bin/env bash
# MLflow 3.17.2: of two values of a metric with the same step and the same millisecond the larger one is the latest, not the one
# that was written last. An evaluation that is logged again at once (a correction, a second sitting, a batch that writes step 3
# twice) keeps the better accuracy and the worse loss. The history holds both.
# Guessed before: the last one written.
# Seen:
#   latest {'accuracy': 0.9, 'loss': 0.6}
#   history [0.7, 0.9]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "mlflow==3.17.2"
cat > "$work/seen.py" <<'PYTHON'
from mlflow import MlflowClient

client = MlflowClient("sqlite:///runs.db")
run = client.create_run("0").info.run_id
for accuracy, loss in ((0.9, 0.2), (0.7, 0.6)):
    client.log_metric(run, "accuracy", accuracy, timestamp=1000, step=3)
    client.log_metric(run, "loss", loss, timestamp=1000, step=3)
print("latest", dict(sorted(client.get_run(run).data.metrics.items())))
print("history", [metric.value for metric in client.get_metric_history(run, "accuracy")])
PYTHON
found=$(cd "$work" && venv/bin/python seen.py 2> log)
echo "$found"
[ "$found" = "latest {'accuracy': 0.9, 'loss': 0.6}
history [0.7, 0.9]" ]
