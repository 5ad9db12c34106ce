"""Successive halving whose decisions follow the numbers of trials and not the clock.

The rule is ASHA's (Li et al. 2020, arXiv 1810.05934): at a rung a trial goes on that is not below the best
1/reduction_factor of what was seen there. ASHA holds it against whatever has come by then; here it is held against the
trials with lower numbers (sweeps/state/decisions.py), so that the same sweep prunes the same trials on a busy machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, takewhile
from typing import Any

from sweeps.config.spec import SweepSpec
from sweeps.search.cut import cut_of, passes
from sweeps.search.pruning import OBJECTIVE, Pruner, asha_for, replay_rungs
from sweeps.state.decisions import Decisions
from sweeps.state.progress import StageProgress, TrialProgress

CONTINUE, STOP = "CONTINUE", "STOP"  # as Tune's schedulers say it


class RungsInOrder:
    """A pruner that is asked as Tune's are, and that reads what it rests on from the stage's journal.

    With `finalists: {per: axis}` only trials of the same value are held against each other.
    """

    def __init__(self, spec: SweepSpec, progress: StageProgress, decisions: Decisions) -> None:
        self.spec, self.progress, self.decisions = spec, progress, decisions
        self.last_epoch = max(spec.train.epochs, spec.grace_epochs)
        self.rungs = list(takewhile(lambda rung: rung < self.last_epoch, _powers(spec)))
        self._groups: dict[Any, list[TrialProgress]] = {}
        self._places: dict[str, tuple[list[TrialProgress], int]] = {}
        self._come: dict[tuple[int, int], int] = {}

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        epoch = result["epoch"]
        if epoch >= self.last_epoch:
            return STOP
        if epoch not in self.rungs:
            return CONTINUE
        seen = [value for other in self.before(trial.trial_id) if (value := _value_at(other, epoch)) is not None]
        cut = cut_of(seen, self.spec.mode, self.spec.reduction_factor)
        return CONTINUE if passes(result[OBJECTIVE], cut, self.spec.mode) else STOP

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None: ...

    on_trial_remove = on_trial_add

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None: ...

    def before(self, name: str) -> list[TrialProgress]:
        """The trials that this one is held against: of lower numbers, without the last of them."""
        alike, place = self._alike(name)
        return alike[: max(0, place - self.decisions.unknown_at_rung)]

    def may_report(self, trial: TrialProgress) -> int:
        """Up to which epoch all is known that this trial's results are decided by; at least the one it is at."""
        alike, place = self._alike(trial.name)
        for rung in self.rungs:
            if (
                rung > trial.last.get("epoch", 0)
                and self._come_to(rung, alike) < place - self.decisions.unknown_at_rung
            ):
                return rung - 1
        return self.last_epoch

    def _alike(self, name: str) -> tuple[list[TrialProgress], int]:
        """The trials that are held against each other, this one among them, by their numbers; and its place there."""
        for trial in islice(self.progress.trials.values(), len(self._places), None):
            group = self._groups.setdefault(trial.given.get(self.spec.finalists.per or ""), [])
            self._places[trial.name] = (group, len(group))
            group.append(trial)
        return self._places[name]

    def _come_to(self, rung: int, alike: list[TrialProgress]) -> int:
        """How many of them, from the first on, have come to this rung or are over."""
        count = self._come.get((rung, id(alike)), 0)
        while count < len(alike) and _has_come_to(alike[count], rung):
            count += 1
        self._come[rung, id(alike)] = count
        return count


def make_pruner(spec: SweepSpec, progress: StageProgress, decisions: Decisions) -> Pruner:
    """Successive halving over what the journal has so far, in order or as results come."""
    if decisions.in_order:
        return RungsInOrder(spec, progress, decisions)
    pruner = asha_for(spec, lambda name: progress.trials[name].given)
    replay_rungs(pruner, progress)
    return pruner


def _powers(spec: SweepSpec) -> Iterator[int]:
    rung = spec.grace_epochs
    while True:
        yield rung
        rung *= spec.reduction_factor


def _has_come_to(trial: TrialProgress, rung: int) -> bool:
    return trial.over or trial.passed_over or trial.last.get("epoch", 0) >= rung


def _value_at(trial: TrialProgress, rung: int) -> float | None:
    """What the trial had when it came to this rung; None where it did not."""
    return next((float(result[OBJECTIVE]) for result in trial.results if result["epoch"] >= rung), None)
