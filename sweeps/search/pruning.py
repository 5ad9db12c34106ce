"""Ray Tune's pruners: ASHA (Li et al. 2020, arXiv 1810.05934), alone or in Hyperband's brackets, and the median rule.

ASHA may hold a trial only against those of its own kind. Such a pruner is rebuilt from a stage's journal: it is shown
every result again, in order, so that its rungs are whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Protocol, cast

from ray.tune.schedulers import ASHAScheduler, MedianStoppingRule

from sweeps.config.pruner_rules import HYPERBAND, bracket_shares, brackets_in_turn
from sweeps.config.spec import SweepSpec
from sweeps.state.progress import CLONED, DECISIONS, FINISH, SPACE, STOP, STOPPED, StageProgress

OBJECTIVE = "objective"  # of a result: the metric with its tie-break


class Pruner(Protocol):
    """One of Tune's schedulers, or what stands in its place; a trial is known by `trial.trial_id`."""

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None: ...

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str: ...

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None: ...

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None: ...


class EachValue:
    """A pruner for every value of an axis, or every bracket; `value_of` says which one a trial has, by its name."""

    def __init__(self, make: Callable[[Any], Pruner], value_of: Callable[[str], Any]) -> None:
        self.make, self.value_of = make, value_of
        self.pruners: dict[Any, Pruner] = {}

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        self._of(trial).on_trial_add(tune_controller, trial)

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        return str(self._of(trial).on_trial_result(tune_controller, trial, result))

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        self._of(trial).on_trial_complete(tune_controller, trial, result)

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        self._of(trial).on_trial_remove(tune_controller, trial)

    def _of(self, trial: Any) -> Pruner:
        value = self.value_of(trial.trial_id)
        if value not in self.pruners:
            self.pruners[value] = self.make(value)
        return self.pruners[value]


def asha(mode: str, epochs: int, grace_epochs: int, reduction_factor: int) -> ASHAScheduler:
    """One bracket: a trial is stopped at a rung when it is not among the best 1/reduction_factor seen there so far."""
    return ASHAScheduler(
        time_attr="epoch",
        metric=OBJECTIVE,
        mode=mode,
        max_t=max(epochs, grace_epochs),
        grace_period=grace_epochs,
        reduction_factor=reduction_factor,
        brackets=1,
    )


def hyperband(mode: str, epochs: int, grace_epochs: int, reduction_factor: int) -> Pruner:
    """Asynchronous Hyperband: ASHA in each bracket, which trials take in turn in the order in which they are added."""
    turns = brackets_in_turn(bracket_shares(grace_epochs, reduction_factor, max(epochs, grace_epochs)))
    brackets: dict[str, int] = {}

    def bracket_of(name: str) -> int:
        if name not in brackets:
            brackets[name] = next(turns)
        return brackets[name]

    def make(bracket: int) -> Pruner:
        return cast(Pruner, asha(mode, epochs, grace_epochs * reduction_factor**bracket, reduction_factor))

    return EachValue(make, bracket_of)


def asha_for(spec: SweepSpec, given: Callable[[str], Mapping[str, Any]]) -> Pruner:
    """ASHA or Hyperband; with `finalists: {per: axis}` one for every value, since each value is to have a finalist:
    only trials with the same value are held against each other. `given` says what a trial was given, by its name."""

    def make(value: Any) -> Pruner:
        rule = hyperband if spec.pruner == HYPERBAND else asha
        return cast(Pruner, rule(spec.mode, spec.train.epochs, spec.grace_epochs, spec.reduction_factor))

    per = spec.finalists.per
    return make(None) if per is None else EachValue(make, lambda name: given(name).get(per))


def median_rule(mode: str, grace_epochs: int) -> MedianStoppingRule:
    """A trial is stopped where its best value is worse than the median of the others' running means (Golovin et al.
    2017, Google Vizier); never before three others have come as far."""
    return MedianStoppingRule(
        time_attr="epoch", metric=OBJECTIVE, mode=mode, grace_period=grace_epochs, min_time_slice=math.inf
    )


def replay_rungs(scheduler: Pruner, progress: StageProgress) -> None:
    """Shows the scheduler every result that the journal has, in order. Trials that go on stay known by their name."""
    for event in (event for event in progress.events if event["event"] not in (SPACE, DECISIONS, CLONED, FINISH, STOP)):
        trial: Any = SimpleNamespace(trial_id=event["trial"])
        if event["event"] in ("asked", "again"):
            scheduler.on_trial_add(None, trial)
        elif event["event"] in ("failed", STOPPED):
            scheduler.on_trial_remove(None, trial)
        elif event["event"] == "result":
            if not event["result"]["done"]:
                scheduler.on_trial_result(None, trial, event["result"])
            if event["last"]:
                scheduler.on_trial_complete(None, trial, event["result"])
