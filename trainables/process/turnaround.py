"""What a worker spends beside training: the time from one trial's last result to the next trial's first step."""

from __future__ import annotations

import time


class Turnaround:
    """One worker's clock. Told of what happens; `seconds` and `computed_seconds` say what it cost.

    `seconds` is None for a worker's first trial, whose start is that of the process; for the next ones it is the time
    between the last result of the trial before and the first step, Ray's part included.
    """

    def __init__(self) -> None:
        self._given_at: float | None = None  # when the last result was handed over
        self._waiting = False  # a trial has begun and has not computed yet
        self._started_at = self._cpu_started_at = 0.0
        self.seconds: float | None = None
        # of the last epoch, training and validation; the second is the processor's and not the clock's
        self.computed_seconds = self.computed_cpu_seconds = 0.0

    def trial_begins(self) -> None:
        self._waiting, self.seconds = True, None

    def computing_starts(self) -> None:
        self._started_at, self._cpu_started_at = time.perf_counter(), time.process_time()
        if self._waiting and self._given_at is not None:
            self.seconds = self._started_at - self._given_at
        self._waiting = False

    def computing_ends(self, trials: int = 1) -> None:
        """Of what was computed for so many `trials` together, each has an equal share."""
        self.computed_seconds = (time.perf_counter() - self._started_at) / trials
        self.computed_cpu_seconds = (time.process_time() - self._cpu_started_at) / trials

    def result_given(self) -> None:
        self._given_at = time.perf_counter()
