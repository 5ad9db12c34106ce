#!/usr/bin/env bash
# torchmetrics 1.9.0: a class without a clip in the test set is left out of a macro average, until it gets one wrong vote; then
# it counts in full as 0. Macro accuracy (the default of MulticlassAccuracy) falls by a quarter for one error in 60 clips,
# where scikit-learn's balanced accuracy falls by 0.017 (and warns). In multilabel AUROC such a class counts as 0 always: a
# perfect ranking of two tags with a third that is absent has 0.667; with thresholds (the form for large sets) not even a
# warning says so. Scores on a small split, or with a label set wider than it, then say how many classes are absent.
# Guessed before: an absent class is skipped as NaN.
# Seen:
#   macro accuracy, all right 1.000
#   macro accuracy, one of 60 wrong 0.738
#   balanced accuracy, one of 60 wrong 0.983
#   multilabel AUROC, each 1.000 1.000 0.000 macro 0.667, warnings 0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "torchmetrics==1.9.0" "torch==2.14.1" "scikit-learn==1.9.1"
cat > "$work/absent.py" <<'PYTHON'
import warnings

import torch
from sklearn.metrics import balanced_accuracy_score
from torchmetrics.classification import MulticlassAccuracy, MultilabelAUROC

labels = torch.arange(60) % 3
answers = labels.clone()
accuracy = MulticlassAccuracy(num_classes=4)
print(f"macro accuracy, all right {accuracy(answers, labels):.3f}")
answers[0] = 3
print(f"macro accuracy, one of 60 wrong {MulticlassAccuracy(num_classes=4)(answers, labels):.3f}")
with warnings.catch_warnings(record=True):
    print(f"balanced accuracy, one of 60 wrong {balanced_accuracy_score(labels, answers):.3f}")
torch.manual_seed(0)
tags = torch.randint(0, 2, (50, 3))
tags[:, 2] = 0
scores = 0.4 * torch.rand(50, 3) + 0.5 * tags
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    each = MultilabelAUROC(num_labels=3, thresholds=100, average="none")(scores, tags)
    macro = MultilabelAUROC(num_labels=3, thresholds=100)(scores, tags)
print("multilabel AUROC, each", *(f"{value:.3f}" for value in each), f"macro {macro:.3f}, warnings {len(said)}")
PYTHON
found=$("$work/venv/bin/python" "$work/absent.py" 2> "$work/log")
echo "$found"
[ "$found" = "macro accuracy, all right 1.000
macro accuracy, one of 60 wrong 0.738
balanced accuracy, one of 60 wrong 0.983
multilabel AUROC, each 1.000 1.000 0.000 macro 0.667, warnings 0" ]
