"""Ends a process in which nothing moves any more.

Python's own `faulthandler` watches from a thread that needs no interpreter, so that a process which hangs in a driver
or a deadlock is ended too, and writes where every thread stood. It counts time in which the machine runs (a laptop that
sleeps does not hang), and it is the time between two batches that counts, not that of an epoch: an epoch of hours is
none that hangs.
"""

from __future__ import annotations

import faulthandler
import os
import re
import time
from pathlib import Path

HANG_FILE = "hang.txt"  # in a trial's folder: where its worker stood when the watchdog ended it
FLOOR_SECONDS = 600.0  # a busy machine may keep a batch waiting for minutes
SLOWEST_BATCHES = 20  # times the slowest batch so far, where that is longer
LOADING_FACTOR = 12  # until the first batch: weights may have to be downloaded
REARM_SECONDS = 1.0  # a beat costs a look at the clock; only now and then a new deadline


def floor_seconds() -> float:
    """FLOOR_SECONDS, or what the environment variable SWEEP_HANG_SECONDS says."""
    return float(os.environ.get("SWEEP_HANG_SECONDS", FLOOR_SECONDS))


class Watchdog:
    """Watches between `start` and `stop`; `beat` says that something moved. One per process."""

    def __init__(self) -> None:
        self.slowest_seconds = 0.0
        self._last_beat: float | None = None
        self._armed = 0.0
        self._path: Path | None = None

    def start(self, path: Path) -> None:
        """From here on; where the process is ended, `path` says where it stood."""
        self.stop()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = path.open("w")
        self._arm(floor_seconds() * LOADING_FACTOR)

    def beat(self) -> None:
        if self._path is None:
            return
        now = time.monotonic()
        if self._last_beat is not None:
            self.slowest_seconds = max(self.slowest_seconds, now - self._last_beat)
        self._last_beat = now
        if now - self._armed >= REARM_SECONDS:
            self._arm(max(floor_seconds(), SLOWEST_BATCHES * self.slowest_seconds))

    def stop(self) -> None:
        if self._path is not None:
            faulthandler.cancel_dump_traceback_later()
            self._file.close()
            self._path.unlink(missing_ok=True)
            self._path = self._last_beat = None

    def _arm(self, seconds: float) -> None:
        self._armed = time.monotonic()
        faulthandler.dump_traceback_later(seconds, exit=True, file=self._file)


def hung(path: Path) -> str | None:
    """Where the main thread of a process stood that was ended; None where none was. `path` as given to `start`."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return None
    threads = [index for index, line in enumerate(lines) if line.startswith(("Thread ", "Current thread "))]
    innermost = lines[threads[-1] + 1].strip() if threads and threads[-1] + 1 < len(lines) else ""  # main is the last
    return re.sub(r'File ".*[/\\]([^"]+)"', r"\1", innermost) or None
