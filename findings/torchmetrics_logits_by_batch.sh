#!/usr/bin/env bash
# torchmetrics 1.9.0: scores outside 0 to 1 are taken for logits and get a sigmoid, as documented, but each call of update()
# decides for itself: a batch whose logits all lie between 0 and 1 stays as it is, and is then ranked together with the
# squashed ones of the other batches. AUROC and the equal error rate of the same scores depend on the batch size.
# Guessed before: suspected from the documented rule, without an idea of the size.
# Seen (AUROC of 400 clips; logits, and the same after a sigmoid):
#   batches of 400: 0.866 0.866
#   batches of 2: 0.858 0.866
#   batches of 1: 0.814 0.866
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "torchmetrics==1.9.0" "torch==2.14.1"
cat > "$work/ranks.py" <<'PYTHON'
import torch
from torchmetrics.classification import BinaryAUROC

torch.manual_seed(0)
labels = torch.randint(0, 2, (400,))
logits = torch.randn(400) + 1.5 * labels - 0.7
for size in (400, 2, 1):
    found = []
    for scores in (logits, logits.sigmoid()):
        metric = BinaryAUROC()
        for start in range(0, 400, size):
            metric.update(scores[start : start + size], labels[start : start + size])
        found.append(f"{metric.compute():.3f}")
    print(f"batches of {size}:", *found)
PYTHON
found=$("$work/venv/bin/python" "$work/ranks.py" 2> "$work/log")
echo "$found"
[ "$found" = "batches of 400: 0.866 0.866
batches of 2: 0.858 0.866
batches of 1: 0.814 0.866" ]
