"""Between Ray Tune and a stage's journal: what Tune asks for, what it is told, and what the rest of the sweep hears.

Tune starts, watches and retries workers; it remembers nothing. A trial is known by its name from session to session,
and what an interrupted stage has to do is in its journal.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

from ray.tune import Callback
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from sweeps.search.pruning import Pruner
from sweeps.search.sampler import Proposals
from sweeps.stage.failures import MOST_RETRIES, KernelKills, why
from sweeps.stage.holds import Hold, Reins
from sweeps.stage.listener import Listener
from sweeps.stage.turns import Turns
from sweeps.state.progress import COMPLETED, PRUNED, StageProgress, TrialProgress
from sweeps.worker.job import Start
from trainables.errors import SweepFailed
from trainables.redact import redacted
from trainables.training.faults import DISK_FULL, OUT_OF_MEMORY

START_SECONDS = 1800.0  # a cluster may have to start machines first


class Observer(Protocol):
    """Who wants to hear of a stage. What is told is in the journal already."""

    def started(self, trial: TrialProgress) -> None: ...

    def reported(self, trial: TrialProgress) -> None:
        """The trial has a new last result."""

    def retried(self, trial: TrialProgress) -> None:
        """The trial's worker was lost, and another one goes on; `mended` says why."""

    def ended(self, trial: TrialProgress) -> None:
        """The trial is over: completed, pruned, failed or stopped."""


class StageSearcher(Listener, Searcher):  # type: ignore[misc]
    """Hands out the trials that were cut off, then new ones, never more than `parallel_trials` at once, and as long
    as no order holds the stage back."""

    def __init__(
        self,
        progress: StageProgress,
        proposals: Proposals,
        reins: Reins,
        *,
        parallel_trials: int,
        hosts: int = 1,
        turns: Turns | None = None,
    ) -> None:
        """`hosts`: how many processes train the trials that share one; each trial is sent to the emptiest."""
        Listener.__init__(self)
        Searcher.__init__(self)
        self.progress, self.proposals, self.reins = progress, proposals, reins
        self.parallel_trials, self.hosts, self.turns = parallel_trials, hosts, turns
        self.places: dict[str, int] = {}  # Tune's id -> host
        self.waiting = deque(progress.unfinished)
        self.live: dict[str, TrialProgress] = {}  # by Tune's id

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        hold = self.reins.order().hold
        if hold == Hold.END and not self.live:
            return str(Searcher.FINISHED)
        if hold >= Hold.PAUSE or len(self.live) >= self.parallel_trials:
            return None
        for trial in [trial for trial in self.waiting if trial.over]:  # stopped while no worker had it
            self.waiting.remove(trial)
            self.proposals.tell(trial.name, None)
        if self.waiting:
            trial = self.waiting.popleft()
        else:
            ends = hold == Hold.FINISH or self.proposals.exhausted
            if not ends and not self.proposals.ready:
                return None
            proposed = None if ends else self.proposals.next()
            if proposed is None:
                return None if self.live else str(Searcher.FINISHED)
            trial = self.progress.asked(*proposed)
        self.live[trial_id] = trial
        taken = list(self.places.values())
        self.places[trial_id] = min(range(self.hosts), key=taken.count)
        trial.at_work, trial.held = True, False
        return {
            "name": trial.name,
            "host": self.places[trial_id],
            "turn": "" if self.turns is None else self.turns.begin(trial),
            **Start(trial.folder, trial.assignment, len(trial.results), trial.batch_parts).as_dict(),
        }

    def on_trial_complete(self, trial_id: str, result: Mapping[str, Any] | None = None, error: bool = False) -> None:
        trial = self.live.pop(trial_id)
        del self.places[trial_id]
        trial.at_work = False
        if error and trial.lost and trial.retries <= MOST_RETRIES:
            # A worker that dies between two trials fails the next one twice in one turn of Tune's loop, for itself and
            # for the change of trials: Tune lets the trial go on, and then takes it for failed. It waits for a worker.
            trial.held = True
        if trial.held:
            self.waiting.append(trial)
            return
        self.proposals.tell(trial.name, trial.last if trial.status in (COMPLETED, PRUNED) else None)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the journal has it."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: a stage is never restored from Tune's snapshot."""


class StageScheduler(Listener, FIFOScheduler):  # type: ignore[misc]
    """First come, first served, pruned by `pruner`, which knows trials by their names, and held back by orders."""

    def __init__(self, progress: StageProgress, pruner: Pruner | None, reins: Reins) -> None:
        Listener.__init__(self)
        FIFOScheduler.__init__(self)
        self.progress, self.pruner, self.reins = progress, pruner, reins

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        if self.pruner is not None:
            self.pruner.on_trial_add(tune_controller, _named(trial))

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        hold, decision = self.reins.order().hold, str(TrialScheduler.CONTINUE)
        if self.pruner is not None:
            decision = str(self.pruner.on_trial_result(tune_controller, _named(trial), result))
        own = self.progress.trials[trial.config["name"]]
        if own.stopping:
            return str(TrialScheduler.STOP)
        if decision == TrialScheduler.CONTINUE and hold >= Hold.PAUSE:
            own.held = True
            return str(TrialScheduler.STOP)
        return decision

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        if self.pruner is not None and not self.progress.trials[trial.config["name"]].held:
            self.pruner.on_trial_complete(tune_controller, _named(trial), result)

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        if self.pruner is not None:
            self.pruner.on_trial_remove(tune_controller, _named(trial))


class StageKeeper(Listener, Callback):  # type: ignore[misc]
    """Writes the journal as results arrive, and only then tells the observers."""

    def __init__(
        self, progress: StageProgress, observers: Sequence[Observer], reins: Reins, turns: Turns | None = None
    ) -> None:
        super().__init__()
        self.progress, self.observers, self.reins, self.turns = progress, observers, reins, turns
        self.broken: Exception | None = None
        self.idle_since = time.monotonic()  # trials wait, and none has a worker
        self.kernel_kills = KernelKills()

    def on_step_begin(self, iteration: int, trials: Any, **info: Any) -> None:
        """Several times a second, also while nothing ends: a trial that no worker has is stopped at once."""
        with self._heard():
            self.reins.order()
            for own in self.progress.unfinished:
                own.lost = False
                if own.stopping and not own.at_work:
                    self._stopped(own)
                    self._ended(own)

    def on_trial_start(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        with self._heard():
            for observer in self.observers:
                observer.started(self._of(trial))

    def on_trial_result(self, iteration: int, trials: Any, trial: Any, result: dict[str, Any], **info: Any) -> None:
        with self._heard():
            own = self._of(trial)
            if "withheld" in result:
                own.held = True
                return
            if "failure" in result:
                self._failed_in_worker(own, result["failure"])
                return
            known = len(own.results)
            # Tune says `done` of every trial that it takes from its worker
            over = bool(result.get("done")) and not own.held
            stopped = own.stopping and not result["report"]["done"]
            self.progress.result(own.name, result["report"], last=over and not stopped)
            if stopped and not own.over:
                self._stopped(own)
            if len(own.results) > known:
                for observer in self.observers:
                    observer.reported(own)

    def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        with self._heard():
            own = self._of(trial)
            if own.over:  # else it is only held back
                self._ended(own)

    def on_trial_recover(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        """A worker was lost; the next one goes on from the last resume point."""
        with self._heard():
            own = self._of(trial)
            reason, kind = why(_error_text(trial), own.folder, self.kernel_kills)
            own.lost, parts = True, own.batch_parts * (2 if kind == OUT_OF_MEMORY else 1)
            self.progress.retried(own.name, redacted(reason), kind, parts)
            trial.config.update(batch_parts=parts, known_results=len(own.results))
            for observer in self.observers:
                observer.retried(own)

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        with self._heard():
            own = self._of(trial)
            if own.held:  # see StageSearcher.on_trial_complete
                return
            text = _error_text(trial)
            self._failed(own, *why(text, own.folder, self.kernel_kills), text)
            self._ended(own)

    def on_step_end(self, iteration: int, trials: Any, **info: Any) -> None:
        """Raises what went wrong in here: Tune takes an exception out of some of its callbacks for the trial's own."""
        if self.turns is not None:
            with self._heard():
                self.turns.update(self.reins.order().hold)
                waited_for = ((trial.config["name"], trial.status) for trial in trials)
                self.turns.pass_over_idle({name: state for name, state in waited_for if name in self.turns.given})
        if self.broken is not None:
            raise self.broken
        states = {trial.status for trial in trials}
        if "RUNNING" in states or "PENDING" not in states:
            self.idle_since = time.monotonic()
        elif time.monotonic() - self.idle_since > START_SECONDS:
            raise SweepFailed(
                f"no worker has started for {START_SECONDS / 60:.0f} minutes; see whether Ray has a place for "
                "it (`ray status`, the dashboard) and whether the machine is overloaded; the same command goes on"
            )

    def _failed_in_worker(self, own: TrialProgress, failure: Mapping[str, str]) -> None:
        """What the worker itself says of its failure; the observers hear of it when Tune calls the trial complete."""
        if failure["kind"] == DISK_FULL:
            own.held = True
            self.reins.end(f"the disk is full ({failure['reason']}): free some space in the results folder")
        else:
            self._failed(own, failure["reason"], failure["kind"], failure["traceback"])

    def _failed(self, own: TrialProgress, reason: str, kind: str, text: str) -> None:
        own.folder.mkdir(parents=True, exist_ok=True)
        (own.folder / "error.txt").write_text(redacted(text))
        self.progress.failed(own.name, redacted(reason), kind)

    def _ended(self, own: TrialProgress) -> None:
        for observer in self.observers:
            observer.ended(own)
        self.reins.order(at_once=True)  # one of them may be an overseer that has heard enough

    @contextmanager
    def _heard(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.broken = self.broken or error

    def _stopped(self, trial: TrialProgress) -> None:
        trial.held = False
        self.progress.stopped(trial.name)

    def _of(self, trial: Any) -> TrialProgress:
        return self.progress.trials[trial.config["name"]]


def _error_text(trial: Any) -> str:
    """What Tune wrote of a trial's failures: beside the driver, and moved to the results only now and then."""
    try:
        return Path(trial.error_file or "").read_text(errors="replace")
    except OSError:
        return str(trial.get_error() or "")


def _named(trial: Any) -> Any:
    return SimpleNamespace(trial_id=trial.config["name"])
