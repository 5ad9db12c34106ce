"""By what a trial is held against others at an epoch: one class for every pruner that compares.

A criterion is asked with the trials that this one is held against, and remembers nothing of them: a search that was
interrupted takes the same decisions. Ray Tune's median rule and Optuna's Wilcoxon test decide themselves, shown what is
known at that epoch.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import optuna

from sweeps.config.pruner_rules import (
    HYPERBAND,
    MEDIAN,
    WILCOXON,
    WILCOXON_LEVEL,
    bracket_shares,
    rungs,
)
from sweeps.config.spec import SweepSpec
from sweeps.search.cut import cut_of, passes
from sweeps.search.pruning import OBJECTIVE, median_rule
from sweeps.state.progress import TrialProgress

STOP = "STOP"  # as Tune's schedulers say it
Result = Mapping[str, Any]


class Criterion(Protocol):
    """`shares`: how many trials each bracket gets beside the others; one bracket where there are none."""

    @property
    def shares(self) -> Sequence[int]: ...

    def rungs(self, bracket: int) -> Sequence[int]:
        """The epochs after which a trial is held against others, increasing; never its last one."""

    def stops(self, own: Sequence[Result], epoch: int, others: Sequence[TrialProgress]) -> bool:
        """`own`: the trial's results up to this epoch. Of `others` those count that have come to it."""


class Halving:
    """ASHA's: a trial is stopped that is below the best 1/reduction_factor of the others; with brackets Hyperband's."""

    def __init__(self, spec: SweepSpec, last_epoch: int) -> None:
        self.spec, self.last_epoch = spec, last_epoch
        several = spec.pruner == HYPERBAND
        self.shares = bracket_shares(spec.grace_epochs, spec.reduction_factor, last_epoch) if several else (1,)

    def rungs(self, bracket: int) -> Sequence[int]:
        factor = self.spec.reduction_factor
        return rungs(self.spec.grace_epochs * factor**bracket, factor, self.last_epoch)

    def stops(self, own: Sequence[Result], epoch: int, others: Sequence[TrialProgress]) -> bool:
        seen = [float(last[OBJECTIVE]) for other in others if (last := result_at(other, epoch)) is not None]
        cut = cut_of(seen, self.spec.mode, self.spec.reduction_factor)
        return not passes(own[-1][OBJECTIVE], cut, self.spec.mode)


class Median:
    """Ray Tune's median stopping rule (Golovin et al. 2017), after every epoch from grace_epochs on."""

    shares = (1,)

    def __init__(self, spec: SweepSpec, last_epoch: int) -> None:
        self.spec, self.last_epoch = spec, last_epoch

    def rungs(self, bracket: int) -> Sequence[int]:
        return range(self.spec.grace_epochs, self.last_epoch)

    def stops(self, own: Sequence[Result], epoch: int, others: Sequence[TrialProgress]) -> bool:
        rule: Any = median_rule(self.spec.mode, self.spec.grace_epochs)
        for other in others:
            known = _Key(other.name)
            if result_at(other, epoch) is not None:
                for result in (result for result in other.results if result["epoch"] <= epoch):
                    rule.on_trial_complete(None, known, dict(result))  # notes it, and decides nothing
        itself = _Key("this one")
        for earlier in own[:-1]:
            rule.on_trial_complete(None, itself, dict(earlier))
        return bool(rule.on_trial_result(None, itself, dict(own[-1])) == STOP)


class Wilcoxon:
    """Optuna's: a trial is stopped whose trainings, one for every inner fold and seed, are worse than the same ones of
    the best of the others at this epoch, by the signed-rank test."""

    shares = (1,)

    def __init__(self, spec: SweepSpec, last_epoch: int) -> None:
        self.spec, self.last_epoch = spec, last_epoch
        self.direction = "maximize" if spec.mode == "max" else "minimize"
        self.better = max if spec.mode == "max" else min

    def rungs(self, bracket: int) -> Sequence[int]:
        return range(self.spec.grace_epochs, self.last_epoch)

    def stops(self, own: Sequence[Result], epoch: int, others: Sequence[TrialProgress]) -> bool:
        come = [last for other in others if (last := result_at(other, epoch)) is not None]
        come = [last for last in come if math.isfinite(last[OBJECTIVE])]
        if not come:
            return False
        best = self.better(come, key=lambda last: float(last[OBJECTIVE]))
        theirs, ours = self._of_lanes(best), self._of_lanes(own[-1])
        lanes = sorted(lane for lane in theirs.keys() & ours.keys() if math.isfinite(theirs[lane] + ours[lane]))
        if not lanes:
            return False
        study = optuna.create_study(direction=self.direction)
        study.add_trial(_frozen([theirs[lane] for lane in lanes], whole=True))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            pruner = optuna.pruners.WilcoxonPruner(p_threshold=WILCOXON_LEVEL)
        return bool(pruner.prune(study, _frozen([ours[lane] for lane in lanes], whole=False)))

    def _of_lanes(self, result: Result) -> dict[tuple[Any, Any], float]:
        found = result.get("report", result)["lanes"]
        return {(lane["seed"], lane["fold"]): float(lane["metrics"][self.spec.metric]) for lane in found}


@dataclass(eq=False)
class _Key:
    """A trial as Tune's rule keeps it: a key, and a name for its log."""

    trial_id: str


def make_criterion(spec: SweepSpec, last_epoch: int) -> Criterion:
    """Of every pruner that compares."""
    if spec.pruner == MEDIAN:
        return Median(spec, last_epoch)
    if spec.pruner == WILCOXON:
        return Wilcoxon(spec, last_epoch)
    return Halving(spec, last_epoch)


def result_at(trial: TrialProgress, epoch: int) -> Result | None:
    """What the trial had when it came to this epoch; None where it did not."""
    return next((result for result in trial.results if result["epoch"] >= epoch), None)


def _frozen(values: Sequence[float], *, whole: bool) -> optuna.trial.FrozenTrial:
    """A trial as Optuna's pruner reads it: a value for every training."""
    state = optuna.trial.TrialState.COMPLETE if whole else optuna.trial.TrialState.RUNNING
    mean = sum(values) / len(values) if whole else None
    return optuna.trial.create_trial(state=state, value=mean, intermediate_values=dict(enumerate(values)))
