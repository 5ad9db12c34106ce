"""Writes in the background, one after the other, so that a sweep never waits for its record. Loads no mlflow.

MLflow has an asynchronous queue of its own; closing a run shuts it down, which took 0.9 s a run where this takes none.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Event

from trainables.errors import SweepFailed, SweepStopped
from trainables.redact import redacted
from trainables.training.faults import is_disk_full

# A write follows the end of an epoch; the trial that begins then has the processor first
REST_SECONDS = 0.25


class BackgroundWriter:
    """One thread, so writes keep their order. Python waits for it at exit: what was handed over is not lost."""

    def __init__(self) -> None:
        self.seconds = 0.0  # the thread was busy
        self._awaited = Event()  # somebody waits: no rest
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="record-writer")
        self._pending: list[tuple[Future[None], Callable[[], object]]] = []

    def write(self, function: Callable[..., object], *args: object, **kwargs: object) -> None:
        """Hands over a call, whose result nobody needs. It must be harmless to do it twice."""
        call = partial(function, *args, **kwargs)
        self._pending = [(done, made) for done, made in self._pending if not (done.done() and done.exception() is None)]
        begin_seconds = time.monotonic() + REST_SECONDS
        self._pending.append((self._thread.submit(self._rested, begin_seconds, call), call))

    def flush(self) -> None:
        """Returns when every call is done; those that failed are made once more.

        Raises SweepFailed where one fails again, SweepStopped where the disk is full or patience is at an end; it and
        those after it are tried anew by the next flush.
        """
        self._awaited.set()
        try:
            self._pending = [(done, call) for done, call in self._pending if done.exception() is not None]
        finally:
            self._awaited.clear()
        while self._pending:
            try:
                self._timed(self._pending[0][1])
                self._pending.pop(0)
            except SweepStopped:
                raise
            except Exception as error:  # whatever the store's driver raises
                first_line = redacted((str(error).strip().splitlines() or [type(error).__name__])[0])
                if is_disk_full(error):
                    raise SweepStopped(f"the record's disk is full ({first_line}): free some space") from error
                raise SweepFailed(
                    f"MLflow did not take {len(self._pending)} of this sweep's entries ({first_line}); is its "
                    "server still up, its disk full?"
                ) from error

    def _rested(self, begin_seconds: float, call: Callable[[], object]) -> None:
        self._awaited.wait(max(0.0, begin_seconds - time.monotonic()))
        self._timed(call)

    def _timed(self, call: Callable[[], object]) -> None:
        started = time.perf_counter()
        try:
            call()
        finally:
            self.seconds += time.perf_counter() - started
