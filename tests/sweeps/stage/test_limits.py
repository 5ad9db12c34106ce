"""A sweep ends in good order before the disk or its limit does, or where its record is away."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sweeps.stage.holds import Hold
from sweeps.stage.limits import LOOK_SECONDS, RESERVE_BYTES, DiskLimit, RecordLimit, TimeLimit
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import size_bytes
from trainables.training.resume_points import FINAL, point_name, save_point

POINT_BYTES = 10_000


def point(folder: Path, name: str) -> None:
    with save_point(folder, name, {}) as target:
        lane = target / "seed-42" / ("adapter" if name == FINAL else "state")
        lane.mkdir(parents=True)
        (lane / "tensors").write_bytes(bytes(POINT_BYTES))
        (target / "seed-42" / "validation.parquet").write_bytes(bytes(100))


def limit(sweep: Path, limit_bytes: float | None = None, artifacts: tuple[Path, ...] = ()) -> DiskLimit:
    return DiskLimit(limit_bytes, sweep, lambda: artifacts, trials_at_once=2)


def test_the_disk_limit_counts_artifacts_and_what_running_epochs_will_write(tmp_path: Path) -> None:
    sweep, artifact = tmp_path / "sweep", tmp_path / "run"
    artifact.mkdir()
    (artifact / "adapter").write_bytes(bytes(5 * POINT_BYTES))
    point(sweep / "explore" / "trial_00000", point_name(1))
    one_point = size_bytes(sweep)
    needed = one_point + 5 * POINT_BYTES + 2 * one_point
    assert limit(sweep, needed, (artifact,)).order().hold == Hold.NONE
    order = limit(sweep, needed - 1, (artifact,)).order()
    assert order.hold == Hold.END
    assert "limits.disk_gb" in order.reason
    assert not order.failure
    assert limit(sweep, None, (artifact,)).order().hold == Hold.NONE


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own in memory, 40 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as refused:
        pytest.skip(f"no file system can be mounted here ({refused})")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_ends_the_sweep_before_it_is_full(small_disk: Path) -> None:
    point(small_disk / "explore" / "trial_00000", point_name(1))
    assert limit(small_disk).order().hold == Hold.NONE
    (small_disk / "somebody else's").write_bytes(bytes(42_000_000 - RESERVE_BYTES))
    order = limit(small_disk).order()
    assert (order.hold, order.failure) == (Hold.END, False)
    assert "MB left" in order.reason


def test_on_a_full_disk_nothing_whole_is_lost(small_disk: Path) -> None:
    """The journal takes no half of an event, and the resume point before the one that did not fit stays the newest."""
    from trainables.training.resume_points import newest_point

    progress = StageProgress(small_disk / "explore")
    progress.asked("t", {"rank": 4})
    point(small_disk / "explore" / "t", point_name(1))
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "somebody else's").write_bytes(bytes(50_000_000))
    with pytest.raises(OSError, match="No space left"):
        point(small_disk / "explore" / "t", point_name(2))
    with pytest.raises(OSError, match="No space left"):
        progress.result("t", {"epoch": 1, "text": "x" * 10_000, "planned_epochs": 3}, last=False)
    assert progress.trials["t"].results == []

    (small_disk / "somebody else's").unlink()
    progress.result("t", {"epoch": 1, "planned_epochs": 3}, last=False)
    progress.close()
    again = StageProgress(small_disk / "explore")
    assert [result["epoch"] for result in again.trials["t"].results] == [1]
    again.close()
    found = newest_point(small_disk / "explore" / "t", {})
    assert found is not None
    assert found.name == point_name(1)


def test_hours_are_those_of_a_session_and_of_a_clock_that_nobody_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = time.monotonic()
    fresh = TimeLimit(1.0, begun)
    monkeypatch.setattr(time, "time", lambda: 4e9)  # the wall clock jumps decades ahead
    assert fresh.order().hold == Hold.NONE
    monkeypatch.setattr(time, "monotonic", lambda: begun + 3599.0)
    assert fresh.order().hold == Hold.NONE
    monkeypatch.setattr(time, "monotonic", lambda: begun + 3601.0)
    assert "limits.hours" in fresh.order().reason
    assert TimeLimit(1.0, begun + 3601.0).order().hold == Hold.NONE


def test_a_record_that_is_given_up_ends_the_sweep() -> None:
    reasons = ["", "MLflow has not answered"]
    limit = RecordLimit(lambda: reasons[0])
    assert limit.order().hold == Hold.NONE
    reasons.pop(0)
    assert (limit.order().hold, limit.order().reason) == (Hold.END, "MLflow has not answered")


def test_a_look_at_the_disk_is_not_taken_at_every_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Any] = []
    watch = limit(tmp_path)
    monkeypatch.setattr(watch, "_look", lambda: looks.append(1))
    now = time.monotonic()
    for seconds in (0.0, 1.0, LOOK_SECONDS - 0.1, LOOK_SECONDS + 0.1):
        monkeypatch.setattr(time, "monotonic", lambda seconds=seconds: now + seconds)
        watch.order()
    assert len(looks) == 2


@pytest.mark.skipif(os.name != "posix", reason="folders cannot be made read-only there")
def test_a_results_folder_that_cannot_be_written_is_said_before_anything_starts(small_disk: Path) -> None:
    from sweeps.state.workspace import check_results
    from trainables.errors import InputError

    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(InputError, match=r"cannot write to .* \(Read-only file system\): choose another folder"):
        check_results(str(small_disk / "results"), needed_bytes=0)
