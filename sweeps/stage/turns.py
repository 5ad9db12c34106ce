"""Who may report when: the driver's side of sweeps/worker/turn.py.

A trial may report up to the next rung at which something is still missing that it is held against. Where a stage is
held back, whoever waits has to leave.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping

from sweeps.search.rungs import RungsInOrder
from sweeps.stage.holds import Hold
from sweeps.state.progress import StageProgress, TrialProgress
from sweeps.worker.turn import LEAVE, Turn

PATIENCE_SECONDS = 120.0  # for a trial that no worker takes, while others train


class Turns:
    def __init__(self, progress: StageProgress, pruner: RungsInOrder) -> None:
        self.progress, self.pruner = progress, pruner
        self.folder = progress.folder / "turns"
        self.given: dict[str, int] = {}  # of the trials that workers have
        self.idle_since: dict[str, float] = {}  # of trials that no worker takes
        shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self, trial: TrialProgress) -> str:
        """The file that a worker which takes this trial looks at."""
        turn = Turn(self.folder / trial.name)
        self.given[trial.name] = self.pruner.may_report(trial)
        turn.give(self.given[trial.name])
        return str(turn.file)

    def update(self, hold: Hold) -> None:
        """Every trial of a worker hears what has become of its turn."""
        for name, before in list(self.given.items()):
            trial = self.progress.trials[name]
            if trial.over:
                del self.given[name]
                continue
            allowed = self._allowed(trial, hold)
            if allowed != before:
                self.given[name] = allowed
                Turn(self.folder / name).give(allowed)

    def pass_over_idle(self, states: Mapping[str, str]) -> None:
        """Others are decided without a trial that has waited long for a worker: the places that it could have may all
        be taken by trials that wait for it. `states` are Tune's, by the trials' names."""
        running = "RUNNING" in states.values()
        now = time.monotonic()
        for name in self.given:
            if states.get(name) != "PENDING" or not running or self.progress.trials[name].passed_over:
                self.idle_since.pop(name, None)
            elif now - self.idle_since.setdefault(name, now) > PATIENCE_SECONDS:
                self.progress.pass_over(name)

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _allowed(self, trial: TrialProgress, hold: Hold) -> int:
        if trial.stopping:
            return self.pruner.last_epoch
        return LEAVE if hold >= Hold.PAUSE else self.pruner.may_report(trial)
