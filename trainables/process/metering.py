"""What a worker process takes: memory, and time beside training."""

from __future__ import annotations

import time

import psutil


def start_counting(device: str) -> None:
    """From here on `peak_bytes` counts anew, where the device can."""
    if device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()


def peak_bytes(device: str) -> int:
    """cuda: the most that tensors have taken since `start_counting`.

    mps, cpu: what is taken now, as the driver or the operating system has it; libraries and warm backbones included.
    """
    if device == "cuda":
        import torch

        return int(torch.cuda.max_memory_allocated())
    if device == "mps":
        import torch

        return int(torch.mps.driver_allocated_memory())
    return int(psutil.Process().memory_info().rss)


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
