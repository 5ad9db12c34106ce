"""Whether the kernel ends processes because memory is full: the worker that it takes has no time to say so."""

from __future__ import annotations

from pathlib import Path

STATISTICS = Path("/proc/vmstat")  # Linux counts them since 4.13
COUNTER = "oom_kill"


class KernelKills:
    """The kernel's out-of-memory kills on this machine. Where nobody counts them there are none."""

    def __init__(self, statistics: Path = STATISTICS) -> None:
        self.statistics = statistics
        self.seen = self._count()

    def any_new(self) -> bool:
        """Since it was last asked."""
        before, self.seen = self.seen, self._count()
        return self.seen > before

    def _count(self) -> int:
        try:
            lines = self.statistics.read_text().splitlines()
        except OSError:
            return 0
        counts = dict(line.split(maxsplit=1) for line in lines if " " in line)
        return int(counts.get(COUNTER, 0))
