"""Pruning whose decisions follow the numbers of trials and not the clock.

At certain epochs, its rungs, a trial is held against others, by the criterion that the sweep file names (criteria.py).
ASHA and its kin hold it against whatever has come by then; here it is held against the trials with lower numbers
(sweeps/state/decisions.py), so that the same sweep prunes the same trials on a busy machine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from ray.tune.schedulers import FIFOScheduler

from sweeps.config.pruner_rules import NONE, PRUNERS, brackets_in_turn
from sweeps.config.spec import SweepSpec
from sweeps.search.criteria import STOP, make_criterion
from sweeps.search.pruning import Pruner, asha_for, replay_rungs
from sweeps.state.decisions import Decisions
from sweeps.state.progress import StageProgress, TrialProgress

CONTINUE = "CONTINUE"  # as Tune's schedulers say it


class Rungs:
    """A pruner that is asked as Tune's are, and that reads what it rests on from the stage's journal.

    With `finalists: {per: axis}` only trials of the same value are held against each other; of several brackets only
    those of the same one.
    """

    def __init__(self, spec: SweepSpec, progress: StageProgress) -> None:
        self.spec, self.progress = spec, progress
        self.last_epoch = max(spec.train.epochs, spec.grace_epochs)
        self.criterion = make_criterion(spec, self.last_epoch)
        self._turns: dict[Any, Iterator[int]] = defaultdict(lambda: brackets_in_turn(self.criterion.shares))
        self._groups: dict[Any, list[TrialProgress]] = {}
        self._places: dict[str, tuple[list[TrialProgress], int, int]] = {}

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        epoch = result["epoch"]
        if epoch >= self.last_epoch:
            return STOP
        if epoch not in self.rungs(trial.trial_id):
            return CONTINUE
        earlier = [known for known in self.progress.trials[trial.trial_id].results if known["epoch"] < epoch]
        return STOP if self.criterion.stops([*earlier, result], epoch, self.against(trial.trial_id)) else CONTINUE

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None: ...

    on_trial_remove = on_trial_add

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None: ...

    def against(self, name: str) -> list[TrialProgress]:
        """The trials that this one is held against, as far as they have come."""
        return [other for other in self.alike(name)[0] if other.name != name]

    def rungs(self, name: str) -> Any:
        """The epochs after which this trial is held against others."""
        return self.criterion.rungs(self.alike(name)[2])

    def alike(self, name: str) -> tuple[list[TrialProgress], int, int]:
        """The trials that are held against each other, this one among them, by their numbers; its place there; and
        their bracket."""
        for trial in islice(self.progress.trials.values(), len(self._places), None):
            value = trial.given.get(self.spec.finalists.per or "")
            bracket = next(self._turns[value])
            group = self._groups.setdefault((value, bracket), [])
            self._places[trial.name] = (group, len(group), bracket)
            group.append(trial)
        return self._places[name]


class RungsInOrder(Rungs):
    """A trial is held against those with lower numbers, for which it waits."""

    def __init__(self, spec: SweepSpec, progress: StageProgress, decisions: Decisions) -> None:
        super().__init__(spec, progress)
        self.decisions = decisions
        self._come: dict[tuple[int, int], int] = {}

    def against(self, name: str) -> list[TrialProgress]:
        """The trials of lower numbers, without the last of them."""
        group, place, _ = self.alike(name)
        return group[: max(0, place - self.decisions.unknown_at_rung)]

    def may_report(self, trial: TrialProgress) -> int:
        """Up to which epoch all is known that this trial's results are decided by; at least the one it is at."""
        group, place, bracket = self.alike(trial.name)
        for rung in self.criterion.rungs(bracket):
            if (
                rung > trial.last.get("epoch", 0)
                and self._come_to(rung, group) < place - self.decisions.unknown_at_rung
            ):
                return rung - 1
        return self.last_epoch

    def _come_to(self, rung: int, group: list[TrialProgress]) -> int:
        """How many of them, from the first on, have come to this rung or are over."""
        count = self._come.get((rung, id(group)), 0)
        while count < len(group) and _has_come_to(group[count], rung):
            count += 1
        self._come[rung, id(group)] = count
        return count


def make_pruner(spec: SweepSpec, progress: StageProgress, decisions: Decisions) -> Pruner:
    """The one that the sweep file names, over what the journal has so far, in order or as results come."""
    if spec.pruner == NONE:
        return cast(Pruner, FIFOScheduler())
    if decisions.in_order:
        return RungsInOrder(spec, progress, decisions)
    if not PRUNERS[spec.pruner].halves:
        return Rungs(spec, progress)
    pruner = asha_for(spec, lambda name: progress.trials[name].given)
    replay_rungs(pruner, progress)
    return pruner


def _has_come_to(trial: TrialProgress, rung: int) -> bool:
    return trial.over or trial.passed_over or trial.last.get("epoch", 0) >= rung
