"""The most memory that Ray's workers took while something ran."""

from __future__ import annotations

import subprocess
import threading
from contextlib import suppress
from types import TracebackType

import psutil

EVERY_SECONDS = 0.5
MIB = 1 << 20


class PeakMemory:
    """A thread that looks twice a second. `bytes`: of the accelerator what everyone took of it; on a CPU what this
    process's workers took, pages that they share counted once."""

    def __init__(self, device: str) -> None:
        self.device, self.bytes = device, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self.bytes = max(self.bytes, gpu_bytes() if self.device == "cuda" else workers_bytes())


def workers_bytes() -> int:
    """Of all Ray workers below this process; Ray names them `ray::...`."""
    total = 0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if process.cmdline()[:1] and process.cmdline()[0].startswith("ray::"):
                taken = process.memory_full_info()
                total += getattr(taken, "pss", taken.rss)
    return total


def gpu_bytes() -> int:
    """Of the machine's first GPU, as its driver says."""
    ask = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"]
    return int(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.split()[0]) * MIB
