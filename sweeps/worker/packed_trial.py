"""Trials that live in one process and train with one another: they meet before an epoch, so that their lanes train in
one batch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeps.worker.job import Job
from sweeps.worker.trial import WATCHDOG, Workplace
from trainables.packing.packer import Outcome, Packer
from trainables.process.warm_engines import free_memory
from trainables.training.lane import Lane

GRACE_SECONDS = 0.5  # how long those who came wait for the rest: Tune fills a place anew in a tenth of that


class Gone(RuntimeError):
    """A trial was closed while it waited."""


@dataclass(eq=False)
class _Arrival:
    lanes: Sequence[Lane]
    clip_bytes: int
    found: list[tuple[Outcome, int]] | None = None


class Meeting:
    """One lock for all that touches the engines of a process: whoever holds it works, and it is free only while trials
    wait here. The last one to arrive trains for all."""

    def __init__(self, packer: Packer, expected: Callable[[], int]) -> None:
        """`expected` says how many trials there are, called with the lock held."""
        self.packer, self.expected = packer, expected
        self.changed = threading.Condition(threading.RLock())
        self.met = 1  # trials of the last epoch
        self._waiting: list[_Arrival] = []
        self._last_arrival = 0.0

    def train(
        self, lanes: Sequence[Lane], clip_bytes: int, watch: Callable[[], None] = lambda: None
    ) -> list[tuple[Outcome, int]]:
        """With the lock held: an epoch of these lanes, as `Packer.train`, in packs with those of others. `watch` is
        called before it trains.

        The outcome is Gone where `dismiss` named one of these lanes while they waited.
        """
        arrival = _Arrival(lanes, clip_bytes)
        self._waiting.append(arrival)
        self._last_arrival = time.monotonic()
        self.changed.notify_all()
        while arrival.found is None:
            left_seconds = self._last_arrival + GRACE_SECONDS - time.monotonic()
            if len(self._waiting) >= self.expected() or left_seconds <= 0:
                watch()
                self._train_all()
            else:
                self.changed.wait(left_seconds)
        return arrival.found

    def dismiss(self, lanes: Sequence[Lane]) -> None:
        """With the lock held: whoever waits with one of these lanes waits no longer."""
        for arrival in self._waiting:
            if any(lane in lanes for lane in arrival.lanes):
                arrival.found = [(Gone("this trial was closed"), 1) for _ in arrival.lanes]
        self._waiting = [arrival for arrival in self._waiting if arrival.found is None]
        self.changed.notify_all()

    def _train_all(self) -> None:
        arrivals, self._waiting = self._waiting, []
        lanes = [lane for arrival in arrivals for lane in arrival.lanes]
        self.met = len(arrivals)
        try:
            found = self.packer.train(lanes, max(arrival.clip_bytes for arrival in arrivals))
        except Exception as error:
            found = [(error, 1) for _ in lanes]
        rest = iter(found)
        for arrival in arrivals:
            arrival.found = [next(rest) for _ in arrival.lanes]
        self.changed.notify_all()


class SharedWorkplace(Workplace):
    """Where epochs are trained together with those of other trials."""

    def __init__(self, job: Job, trials: Callable[[], int]) -> None:
        """`trials` says how many there are."""
        super().__init__(job)
        self.meeting = Meeting(self.packer, trials)

    def train(self, lanes: Sequence[Lane], clip_bytes: int, hang_file: Path) -> list[tuple[Outcome, int]]:
        WATCHDOG.stop()  # while a trial waits, somebody else's batches are watched
        try:
            found = self.meeting.train(lanes, clip_bytes, watch=lambda: WATCHDOG.start(hang_file))
            self.trials_met = self.meeting.met
            return found
        finally:
            WATCHDOG.start(hang_file)

    def make_room(self) -> None:
        free_memory()  # others train on the backbones that are loaded
