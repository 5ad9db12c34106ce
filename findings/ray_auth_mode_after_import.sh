#!/usr/bin/env bash
# Ray 2.60.0: RAY_AUTH_MODE=token works when it is set before `import ray`. Set between the import and ray.init(), the
# processes that Ray starts ask for a token and the driver has made none: after half a minute ray.init() raises an error
# about a file that did not appear, and says nothing of authentication.
# Guessed before: that ray.init() reads the variable itself, so that both orders work, or that it refuses at once.
# Seen:
#   before the import: started
#   after the import: RuntimeError: Timed out waiting for file
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "ray==2.60.0"
cat > "$work/start.py" <<'PYTHON'
import os
import sys
import tempfile

os.environ["HOME"] = tempfile.mkdtemp(dir=os.path.dirname(os.path.abspath(__file__)))
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
if sys.argv[1] == "before":
    os.environ["RAY_AUTH_MODE"] = "token"
import ray

if sys.argv[1] == "after":
    os.environ["RAY_AUTH_MODE"] = "token"
try:
    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    print("started")
    ray.shutdown()
except Exception as error:
    print(f"{type(error).__name__}: {str(error)[:26]}; speaks of tokens: {'token' in str(error).lower()}")
PYTHON
before=$(timeout 180 "$work/venv/bin/python" "$work/start.py" before 2> "$work/log")
after=$(timeout 180 "$work/venv/bin/python" "$work/start.py" after 2> "$work/log")
echo "before the import: $before"
echo "after the import: $after"
[ "$before" = "started" ]
[ "$after" = "RuntimeError: Timed out waiting for file; speaks of tokens: False" ]
