"""What stays on the disk, and that a sweep ends in good order before the disk or its limit does."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sweeps.config.load import load_sweep
from sweeps.stage.cleanup import Housekeeper
from sweeps.stage.holds import Hold
from sweeps.stage.limits import LOOK_SECONDS, RESERVE_BYTES, DiskLimit, RecordLimit, TimeLimit
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import size_bytes
from trainables.training.resume_points import FINAL, point_name, save_point

POINT_BYTES = 10_000
GIVEN = {
    "target_modules": "attention",
    "learning_rate": 1e-3,
    "model_size": "7b",
    "quantization": "none",
    "lora_dropout": 0.0,
}


def point(folder: Path, name: str) -> None:
    with save_point(folder, name, {}) as target:
        lane = target / "seed-42" / ("adapter" if name == FINAL else "state")
        lane.mkdir(parents=True)
        (lane / "tensors").write_bytes(bytes(POINT_BYTES))
        (target / "seed-42" / "validation.parquet").write_bytes(bytes(100))


def explored(folder: Path, values: list[float]) -> tuple[StageProgress, Housekeeper]:
    """Trials of three epochs, completed one after the other with these objectives; a housekeeper after each."""
    progress = StageProgress(folder)
    housekeeper = Housekeeper(progress, load_sweep("qwen_lora", ["finalists=2"]))
    for index, value in enumerate(values):
        name = f"trial_{index:05d}"
        progress.asked(name, {**GIVEN, "rank": (4, 8, 16, 32, 64)[index], "alpha_ratio": 1})
        for epoch in (1, 2, 3):
            point(progress.trials[name].folder, FINAL if epoch == 3 else point_name(epoch))
            progress.result(name, {"epoch": epoch, "planned_epochs": 3, "objective": value}, last=epoch == 3)
        housekeeper.ended(progress.trials[name])
    return progress, housekeeper


def adapters(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).parts[0] for path in folder.glob(f"*/{FINAL}/*/adapter"))


def test_only_the_would_be_finalists_keep_their_adapters_and_everyone_its_answers(tmp_path: Path) -> None:
    explored(tmp_path, [0.5, 0.9, 0.7, 0.6, 0.8])
    assert adapters(tmp_path) == ["trial_00001", "trial_00004"]
    assert len(list(tmp_path.glob(f"*/{FINAL}/*/validation.parquet"))) == 5


def test_a_pruned_trial_leaves_no_resume_point_and_a_failed_one_does_until_the_stage_is_over(tmp_path: Path) -> None:
    progress = StageProgress(tmp_path)
    housekeeper = Housekeeper(progress, load_sweep("qwen_lora"))
    for name in ("pruned", "failed", "running"):
        progress.asked(name, {**GIVEN, "rank": 4, "alpha_ratio": 1})
        point(tmp_path / name, point_name(1))
    progress.result("pruned", {"epoch": 1, "planned_epochs": 3, "objective": 0.1}, last=True)
    progress.failed("failed", "the worker process died", "worker died")

    def left() -> set[str]:
        return {path.parent.name for path in tmp_path.glob("*/epoch-*")}

    housekeeper.catch_up()
    assert left() == {"failed", "running"}
    housekeeper.all_over()
    assert left() == set()


def test_size_counts_what_files_hold_and_not_what_links_lead_to(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(bytes(12_345))
    link = tmp_path / "a" / "link"
    link.symlink_to(tmp_path / "a" / "b")
    assert size_bytes(tmp_path) == 12_345 + link.lstat().st_size
    assert size_bytes(tmp_path / "absent") == 0


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
