#!/usr/bin/env bash
# statsmodels 0.15.0: one NaN among the p-values (a paired test of two models with equal scores gives NaN) changes the answer
# for all others in multipletests, each method in its own way and without a warning. fdr_bh gives NaN for every corrected value
# and a right list of rejections beside it; hommel rejects nothing at all; holm counts the NaN as a further test. scipy's
# false_discovery_control refuses NaN; pingouin's multicomp leaves it out.
# Guessed before: the NaN stays NaN, and the others are corrected as if it was absent, or as with one test more.
# Seen (p-values 0.01, NaN, 0.02, 0.03; corrected, rejected at 0.05):
#   statsmodels holm 0.040 nan 0.060 0.060, rejected 1 0 0 0
#   statsmodels fdr_bh nan nan nan nan, rejected 1 0 1 1
#   statsmodels hommel nan nan nan nan, rejected 0 0 0 0
#   without the NaN, holm 0.030 0.040 0.040, rejected 1 1 1
#   without the NaN, fdr_bh 0.030 0.030 0.030, rejected 1 1 1
#   without the NaN, hommel 0.030 0.030 0.030, rejected 1 1 1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "statsmodels==0.15.0" "scipy==1.17.1" "numpy==2.4.6"
cat > "$work/correct.py" <<'PYTHON'
from statsmodels.stats.multitest import multipletests


def show(name, values, method):
    rejected, corrected = multipletests(values, alpha=0.05, method=method)[:2]
    print(name, method, *(f"{value:.3f}" for value in corrected[:-1]), f"{corrected[-1]:.3f}, rejected", *(int(r) for r in rejected))


for method in ("holm", "fdr_bh", "hommel"):
    show("statsmodels", [0.01, float("nan"), 0.02, 0.03], method)
for method in ("holm", "fdr_bh", "hommel"):
    show("without the NaN,", [0.01, 0.02, 0.03], method)
PYTHON
found=$("$work/venv/bin/python" "$work/correct.py" 2> "$work/log")
echo "$found"
[ ! -s "$work/log" ]
[ "$found" = "statsmodels holm 0.040 nan 0.060 0.060, rejected 1 0 0 0
statsmodels fdr_bh nan nan nan nan, rejected 1 0 1 1
statsmodels hommel nan nan nan nan, rejected 0 0 0 0
without the NaN, holm 0.030 0.040 0.040, rejected 1 1 1
without the NaN, fdr_bh 0.030 0.030 0.030, rejected 1 1 1
without the NaN, hommel 0.030 0.030 0.030, rejected 1 1 1" ]
