#!/usr/bin/env bash
# baycomp 1.0.3: a classifier compared with itself over several data sets, without a region of equivalence, is better than
# itself with probability 0.7 to 0.8: equal scores are given to the left one whole, where the signed-rank test of Benavoli et
# al. 2017 gives a zero to both halves. Ties (accuracies on small test sets) then favour whoever is named first. With the
# correlated t-test on one data set equal scores are 0.5 and 0.5.
# Guessed before: 0.5 and 0.5.
# Seen:
#   against itself on 3 data sets: left better by more than 0.6 True, sum 1.0
#   against itself on 10 data sets: left better by more than 0.6 True, sum 1.0
#   against itself on 20 data sets: left better by more than 0.6 True, sum 1.0
#   against itself on one data set: 0.5 0.5
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "baycomp==1.0.3" "numpy==2.4.6" "scipy==1.17.1" "matplotlib==3.11.0"
cat > "$work/seen.py" <<'PYTHON'
import baycomp
import numpy as np

np.random.seed(0)
scores = np.random.default_rng(0).normal(0.8, 0.05, size=20)
for sets in (3, 10, 20):
    left, _, right = baycomp.two_on_multiple(scores[:sets], scores[:sets])
    print(f"against itself on {sets} data sets: left better by more than 0.6 {bool(left > 0.6)}, sum {left + right:.1f}")
print("against itself on one data set:", *(f"{float(part):.1f}" for part in baycomp.two_on_single(scores[:10], scores[:10])))
PYTHON
found=$(cd "$work" && venv/bin/python seen.py 2> log)
echo "$found"
[ "$found" = "against itself on 3 data sets: left better by more than 0.6 True, sum 1.0
against itself on 10 data sets: left better by more than 0.6 True, sum 1.0
against itself on 20 data sets: left better by more than 0.6 True, sum 1.0
against itself on one data set: 0.5 0.5" ]
