"""A stage as its journal tells it: each event, and the same after the file is read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweeps.state.progress import COMPLETED, FAILED, PRUNED, RUNNING, STOPPED, StageProgress


def result(epoch: int, planned: int = 3, **more: Any) -> dict[str, Any]:
    return {"epoch": epoch, "planned_epochs": planned, "val/accuracy": 0.5, **more}


@pytest.fixture
def stage(tmp_path: Path) -> StageProgress:
    stage = StageProgress(tmp_path)
    stage.asked("trial_00000", {"sample": {"rank": 8}})
    return stage


def again(stage: StageProgress) -> StageProgress:
    stage.close()
    return StageProgress(stage.folder)


def test_a_trial_that_trained_all_its_epochs_is_completed_and_a_shorter_one_pruned(stage: StageProgress) -> None:
    stage.asked("trial_00001", {"sample": {"rank": 16}})
    stage.result("trial_00000", result(1), last=False)
    stage.result("trial_00000", result(3), last=True)
    stage.result("trial_00001", result(1), last=True)
    for seen in (stage, again(stage)):
        assert [trial.status for trial in seen.trials.values()] == [COMPLETED, PRUNED]
        assert seen.trials["trial_00000"].last["epoch"] == 3
        assert not seen.unfinished


def test_a_result_that_is_known_changes_nothing(stage: StageProgress) -> None:
    stage.result("trial_00000", result(1), last=False)
    stage.result("trial_00000", result(1), last=False)
    assert len(again(stage).trials["trial_00000"].results) == 1


def test_what_went_wrong_and_was_mended_is_kept(stage: StageProgress) -> None:
    stage.result("trial_00000", result(1, batch_parts=2), last=False)
    stage.retried("trial_00000", "the worker process died", "died", batch_parts=2)
    trial = again(stage).trials["trial_00000"]
    assert (trial.status, trial.retries, trial.batch_parts) == (RUNNING, 1, 2)
    assert trial.mended == ["epoch 1: out of memory, batches in 2 parts", "epoch 2: the worker process died"]


def test_a_failure_that_was_none_of_its_own_gets_a_second_chance(stage: StageProgress) -> None:
    stage.failed("trial_00000", "the disk is full", "disk")
    assert stage.trials["trial_00000"].status == FAILED
    stage.again("trial_00000")
    trial = again(stage).trials["trial_00000"]
    assert (trial.status, trial.second_chance) == (RUNNING, True)


def test_what_a_person_decides(stage: StageProgress) -> None:
    stage.stop("trial_00000")
    assert stage.trials["trial_00000"].stopping
    assert not stage.trials["trial_00000"].over
    stage.stopped("trial_00000")
    stage.clone("trial_00000", {"sample": {"rank": 4}})
    stage.finish(16)
    seen = again(stage)
    assert seen.trials["trial_00000"].status == STOPPED
    assert (seen.clones, seen.finishing) == (1, 16)


def test_a_space_is_noted_where_it_changes(stage: StageProgress) -> None:
    axes = [{"name": "rank", "choices": (8, 16)}]
    stage.space(axes)
    stage.space(axes)
    stage.space([{"name": "rank", "choices": (8, 16, 32)}])
    assert [event["event"] for event in stage.events].count("space") == 2


def test_who_only_looks_on_leaves_the_journal_alone(stage: StageProgress) -> None:
    before = (stage.folder / "journal.jsonl").read_bytes()
    watcher = StageProgress(stage.folder, watching=True)
    assert list(watcher.trials) == ["trial_00000"]
    with pytest.raises(ValueError, match="without the sweep's spec"):
        _ = watcher.trials["trial_00000"].assignment
    assert (stage.folder / "journal.jsonl").read_bytes() == before
