"""By what a trial is held against others: the median rule by its formula, and the smallest p-values of signed ranks."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import wilcoxon

from sweeps.config.load import load_sweep
from sweeps.search.criteria import STOP, make_criterion
from sweeps.search.pruning import OBJECTIVE, median_rule

EPOCHS = 6
OBJECTIVES = {"max": "objective={metric: val/accuracy, mode: max}", "min": "objective={metric: val/loss, mode: min}"}


def trial(name: str, results: list[dict[str, Any]]) -> Any:
    return SimpleNamespace(name=name, results=results)


@pytest.mark.parametrize("mode", ["max", "min"])
def test_the_median_rule_by_its_formula(mode: str) -> None:
    """The best value so far against the median of the running means of at least three others."""
    spec = load_sweep("qwen_lora", ["pruner=median", f"train.epochs={EPOCHS}", OBJECTIVES[mode]])
    curves = np.random.default_rng(3).normal(size=(12, EPOCHS))
    known = [
        trial(f"t{number}", [{"epoch": epoch + 1, OBJECTIVE: value} for epoch, value in enumerate(curve)])
        for number, curve in enumerate(curves)
    ]
    sign, stopped = 1 if mode == "max" else -1, 0
    criterion = make_criterion(spec, EPOCHS)
    for number, own in enumerate(known):
        for epoch in range(spec.grace_epochs, EPOCHS):
            best = (sign * curves[number, :epoch]).max()
            worse = number >= 3 and best < np.median((sign * curves[:number, :epoch]).mean(axis=1))
            assert criterion.stops(own.results[:epoch], epoch, known[:number]) is bool(worse)
            stopped += worse
    assert stopped >= 3


def results(values: list[float]) -> list[dict[str, Any]]:
    lanes = [{"seed": 1, "fold": str(n), "metrics": {"val/accuracy": value}} for n, value in enumerate(values)]
    return [{"epoch": 1, OBJECTIVE: float(np.mean(values)), "lanes": lanes}]


@pytest.mark.parametrize(
    ("own", "stops"),
    [
        ([0.1, 0.2, 0.3, 0.4], True),  # worse on all four: p = 1/16
        ([0.1, 0.2, 0.3, 0.95], False),  # better where the difference is the smallest: p = 2/16
        ([0.9, 0.91, 0.92, 0.93], False),  # the same
    ],
)
def test_wilcoxon_stops_what_is_worse_fold_by_fold(own: list[float], stops: bool) -> None:
    spec = load_sweep("qwen_lora", ["pruner=wilcoxon", "data.folds={inner: 4}", f"train.epochs={EPOCHS}"])
    best = [0.9, 0.91, 0.92, 0.93]
    criterion = make_criterion(spec, EPOCHS)
    worse = trial("worse", results([0.0, 0.0, 0.0, 0.0]))
    assert criterion.stops(results(own), 1, [worse, trial("best", results(best))]) is stops
    if own != best:
        assert bool(wilcoxon(np.subtract(own, best), alternative="less").pvalue < 0.1) is stops
    assert not criterion.stops(results(own), 1, [])


@pytest.mark.parametrize("mode", ["max", "min"])
def test_the_median_rule_decides_as_rays_does_live(mode: str) -> None:
    """Trials one after another through one rule of Ray Tune, which ends those that it stops."""
    spec = load_sweep("qwen_lora", ["pruner=median", f"train.epochs={EPOCHS}", OBJECTIVES[mode]])
    criterion, live = make_criterion(spec, EPOCHS), median_rule(spec.mode, spec.grace_epochs)
    over: list[Any] = []
    stopped = 0
    for number, curve in enumerate(np.random.default_rng(5).normal(size=(16, EPOCHS))):
        own, theirs = trial(f"t{number}", []), _Trial(f"t{number}")
        for epoch, value in enumerate(curve, start=1):
            own.results.append({"epoch": epoch, OBJECTIVE: value})
            if epoch < EPOCHS:
                stops = live.on_trial_result(None, theirs, dict(own.results[-1])) == STOP
                asked = epoch in criterion.rungs(0)
                assert (asked and criterion.stops(own.results, epoch, over)) is stops
                if stops:
                    stopped += 1
                    break
        over.append(own)
    assert 3 <= stopped <= 13


class _Trial:
    def __init__(self, trial_id: str) -> None:
        self.trial_id = trial_id
