"""What ends a session before the sweep is done: `limits:` of the sweep file, the disk, a record that is away."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.plan.packing import trials_at_once
from sweeps.stage.holds import Hold, Order, Overseer
from sweeps.state.workspace import Workspace, size_bytes

if TYPE_CHECKING:
    from sweeps.plan.prepare import Prepared
    from sweeps.record.tracker import Tracker
    from sweeps.stage.place import Place

SECONDS_PER_HOUR = 3600.0
LOOK_SECONDS = 5.0
RESERVE_BYTES = 32_000_000  # of a disk: for the record, the journals and the report


class TimeLimit:
    """`limits.hours`: of this session, so that the same command goes on for as long again."""

    def __init__(self, hours: float, started: float) -> None:
        """`started` is when the session began, by `time.monotonic`."""
        self.hours, self.started = hours, started

    def order(self) -> Order:
        if time.monotonic() - self.started < self.hours * SECONDS_PER_HOUR:
            return Order()
        return Order(Hold.END, f"limits.hours: this session has had its {self.hours:g} hours")


class DiskLimit:
    """`limits.disk_gb`, of all that a sweep keeps, and the disk itself. What the running epochs will write counts."""

    def __init__(
        self,
        limit_bytes: float | None,
        sweep: Path,
        artifacts: Callable[[], Iterable[Path]],
        *,
        trials_at_once: int,
    ) -> None:
        """`sweep` is the sweep's folder; `artifacts` gives those of its runs in the record, where they are local."""
        self.limit_bytes, self.sweep, self.artifacts = limit_bytes, sweep, artifacts
        self.trials_at_once = trials_at_once
        self.used_bytes: int | None = None  # when it was looked at last
        self._order = Order()
        self._looked = float("-inf")

    def order(self) -> Order:
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._order = self._look()
        return self._order

    def _look(self) -> Order:
        used = size_bytes(self.sweep) + sum(map(size_bytes, self.artifacts()))
        self.used_bytes = used
        points = [path for depth in ("*/*", "*/*/*") for path in self.sweep.glob(f"{depth}/epoch-*")]
        coming = self.trials_at_once * max(map(size_bytes, points), default=0)
        if self.limit_bytes is not None and used + coming > self.limit_bytes:
            return Order(
                Hold.END,
                f"limits.disk_gb: the sweep keeps {used / 1e9:.3g} GB, its running epochs may add {coming / 1e9:.3g}, "
                f"and {self.limit_bytes / 1e9:.3g} are allowed; raise the limit, or free space with sweeps.clean",
            )
        free = shutil.disk_usage(self.sweep).free
        if free < coming + RESERVE_BYTES:
            return Order(Hold.END, f"the disk has {free / 1e6:.0f} MB left; free some space in the results folder")
        return Order()


class RecordLimit:
    """The record does not answer any more: what is trained now could not be recorded."""

    def __init__(self, gave_up: Callable[[], str]) -> None:
        """`gave_up` says why nothing can be recorded (`Tracker.gave_up`); empty where it can."""
        self.gave_up = gave_up

    def order(self) -> Order:
        reason = self.gave_up()
        return Order(Hold.END, reason) if reason else Order()


def limits_of(
    prepared: Prepared, workspace: Workspace, tracker: Tracker, place: Place, started: float
) -> tuple[DiskLimit, list[Overseer]]:
    """The disk's limit, which knows what the sweep keeps, and the others."""
    spec = prepared.spec
    disk = DiskLimit(
        None if spec.disk_gb is None else spec.disk_gb * 1e9,
        workspace.folder,
        tracker.artifact_folders,
        trials_at_once=trials_at_once(prepared),
    )
    hours = [] if spec.hours is None else [TimeLimit(spec.hours, started)]
    return disk, [RecordLimit(lambda: tracker.gave_up or place.gave_up), *hours]
