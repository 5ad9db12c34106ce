#!/usr/bin/env bash
# Ray Tune 2.60.0: population based training takes hyperparam_mutations as distributions (tune.uniform, tune.randint), draws
# the start from them, and then multiplies a good trial's value by 1.2 or 0.8 without a look at their bounds: a dropout from
# uniform(0, 1) becomes 1.08, a number from randint(1, 9), which is 8 at most, becomes 10. Values of a list stay in it.
# Guessed before: perturbed values stay within the bounds that were given.
# Seen (2,000 perturbations of dropout 0.9, layers 8, batch 16; largest value):
#   dropout from uniform(0, 1): up to 1.08
#   layers from randint(1, 9): up to 10
#   batch from [4, 8, 16]: up to 16
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "ray[tune]==2.60.0"
cat > "$work/bounds.py" <<'PYTHON'
import random
from types import SimpleNamespace

from ray import tune
from ray.tune.schedulers import PopulationBasedTraining

random.seed(0)
mutations = {"dropout": tune.uniform(0, 1), "layers": tune.randint(1, 9), "batch": [4, 8, 16]}
scheduler = PopulationBasedTraining(time_attr="epoch", metric="accuracy", mode="max", hyperparam_mutations=mutations)
good = SimpleNamespace(config={"dropout": 0.9, "layers": 8, "batch": 16})
seen = [scheduler._get_new_config(None, good)[0] for _ in range(2000)]  # what a poor trial gets from a good one
for name, space in (("dropout", "uniform(0, 1)"), ("layers", "randint(1, 9)"), ("batch", "[4, 8, 16]")):
    print(f"{name} from {space}: up to {round(max(config[name] for config in seen), 2)}")
PYTHON
found=$("$work/venv/bin/python" "$work/bounds.py" 2> "$work/log")
echo "$found"
[ "$found" = "dropout from uniform(0, 1): up to 1.08
layers from randint(1, 9): up to 10
batch from [4, 8, 16]: up to 16" ]
