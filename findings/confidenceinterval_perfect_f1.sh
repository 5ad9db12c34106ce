#!/usr/bin/env bash
# confidenceinterval 1.0.5: of 100 clips, all answered right, accuracy has the interval 0.963 to 1 (Wilson), macro F1 0.861 to
# 1.139 and macro recall 1 to 1. The three say the same of two equally large classes, so one is four times too wide and past
# what is possible, and one claims certainty. With one error in 100 the interval of macro F1 still ends at 1.13.
# Guessed before: intervals within 0 and 1, of about equal width.
# Seen:
#   all right, accuracy 0.963 to 1.000
#   all right, macro F1 0.861 to 1.139
#   all right, macro recall 1.000 to 1.000
#   one wrong, accuracy 0.946 to 0.998
#   one wrong, macro F1 0.850 to 1.130
#   one wrong, macro recall 0.967 to 1.013
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "confidenceinterval==1.0.5" "numpy==2.4.6" "scikit-learn==1.9.1"
cat > "$work/seen.py" <<'PYTHON'
import warnings

warnings.simplefilter("ignore")
from confidenceinterval import accuracy_score, f1_score, recall_score  # noqa: E402

labels = [0, 1] * 50
one_wrong = [1, *labels[1:]]
for answers, said in ((labels, "all right"), (one_wrong, "one wrong")):
    for name, score, options in (
        ("accuracy", accuracy_score, {}),
        ("macro F1", f1_score, {"average": "macro"}),
        ("macro recall", recall_score, {"average": "macro"}),
    ):
        low, high = score(labels, answers, **options)[1]
        print(f"{said}, {name} {low:.3f} to {high:.3f}")
PYTHON
found=$(cd "$work" && venv/bin/python seen.py 2> log)
echo "$found"
[ "$found" = "all right, accuracy 0.963 to 1.000
all right, macro F1 0.861 to 1.139
all right, macro recall 1.000 to 1.000
one wrong, accuracy 0.946 to 0.998
one wrong, macro F1 0.850 to 1.130
one wrong, macro recall 0.967 to 1.013" ]
