"""Writes in the background, one after the other, so that a sweep never waits for its record. Loads no mlflow.

What writes: a thread (`BackgroundWriter`), and runs that it makes (`BegunRuns`).

MLflow has an asynchronous queue of its own; closing a run shuts it down, which took 0.9 s a run where this takes none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Any

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


@dataclass(eq=False)
class Run:
    """A run of MLflow. Whoever begins one has it at once; the store may have it a moment later."""

    made_id: str | None = None  # MLflow's id; None: not made yet


class BegunRuns:
    """Makes runs in the background, and writes to them in order.

    MLflow takes 40 ms to make a run. Whoever waited for that with a trial's first result would keep a worker waiting.
    """

    def __init__(self, client: Any, writer: BackgroundWriter) -> None:
        self._client, self._writer = client, writer

    def begin(self, experiment_id: str, tags: Mapping[str, str], run_name: str) -> Run:
        run = Run()
        began_ms = int(time.time() * 1000)  # not when it comes to be made, which may be after its end
        self._writer.write(self._make, run, experiment_id, began_ms, dict(tags), run_name)
        return run

    def write(self, method: Callable[..., object], run: Run, *args: object, **kwargs: object) -> None:
        """Hands over a call of the client, whose first argument is a run's id: by the time it is made there is one."""
        self._writer.write(lambda: method(_made(run), *args, **kwargs))

    def id_of(self, run: Run) -> str:
        """MLflow's id, waited for. Raises what `BackgroundWriter.flush` raises."""
        if run.made_id is None:
            self._writer.flush()
        return _made(run)

    def _make(self, run: Run, experiment_id: str, began_ms: int, tags: dict[str, str], run_name: str) -> None:
        if run.made_id is None:
            made = self._client.create_run(experiment_id, start_time=began_ms, tags=tags, run_name=run_name)
            run.made_id = made.info.run_id


def _made(run: Run) -> str:
    if run.made_id is None:
        raise RuntimeError("a run was written to before it was made")
    return run.made_id


class Stopwatch:
    """Adds up the seconds of its `with` blocks; a block within another one counts once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth, self._started = 0, 0.0

    def __enter__(self) -> None:
        if self._depth == 0:
            self._started = time.perf_counter()
        self._depth += 1

    def __exit__(self, *exception: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            self.seconds += time.perf_counter() - self._started
