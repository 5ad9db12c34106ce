"""What goes wrong in a worker, and that the stage goes on or ends with a reason."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from sweeps.stage.failures import DIED, HUNG, STREAK
from sweeps.state.journal import Journal
from sweeps.state.progress import StageProgress
from trainables.errors import SweepFailed, SweepStopped
from trainables.training.faults import BAD_INPUT, DISK_FULL, DIVERGED


def epochs_trained(folder: Path) -> dict[str, int]:
    return {path.parent.name: json.loads(path.read_text()) for path in folder.glob("*/epoch.json")}


def test_one_trial_after_the_other_goes_wrong_and_the_stage_goes_on(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sweeps.stage.tune_experiment.MOST_RETRIES", 1)
    trials = {
        "sound": {},
        "dies": {"fault": "dies", "once": True},
        "hangs": {"fault": "hangs", "once": True},
        "diverges": {"fault": DIVERGED},
        "raises": {"fault": "raises"},
    }
    progress, heard = run(tmp_path, trials)
    assert {name: trial.status for name, trial in progress.trials.items()} == {
        "sound": "completed",
        "dies": "completed",
        "hangs": "completed",
        "diverges": "failed",
        "raises": "failed",
    }
    assert sorted(heard.ends) == sorted((name, trial.status) for name, trial in progress.trials.items())
    assert epochs_trained(tmp_path) == {"sound": 3, "dies": 3, "hangs": 3, "diverges": 1, "raises": 1}
    retried = {event["trial"]: event["kind"] for event in progress.events if event["event"] == "retried"}
    assert retried == {"dies": DIED, "hangs": HUNG, "raises": "ZeroDivisionError"}  # what diverges is not tried again
    assert progress.trials["dies"].mended == ["epoch 2: the worker process died"]
    assert "conftest.py, line" in progress.trials["hangs"].mended[0]
    assert progress.trials["diverges"].reason == "diverged indeed"
    assert progress.trials["raises"].reason == "ZeroDivisionError: a bug of the model"
    assert "misbehave" in (tmp_path / "raises" / "error.txt").read_text()


def test_a_worker_that_dies_between_two_trials_is_counted_once(run: Any, tmp_path: Path) -> None:
    """Tune counts it twice against the trial that was to come."""
    trials: dict[str, Any] = {"t0": {}, "t1": {}, "next": {"fault": "dies between"}, "t2": {}}
    progress, heard = run(tmp_path, trials)
    assert {trial.status for trial in progress.trials.values()} == {"completed"}
    assert sorted(name for name, _ in heard.ends) == sorted(trials)
    assert [event["trial"] for event in progress.events if event["event"] == "retried"] == ["next"]
    assert progress.trials["next"].mended == ["epoch 1: the worker process died"]


def test_equal_failures_in_a_row_stop_the_stage_and_are_tried_again(run: Any, tmp_path: Path) -> None:
    trials = {f"t{index}": {"fault": BAD_INPUT} for index in range(STREAK + 3)}
    with pytest.raises(SweepFailed, match=rf"{STREAK} trials one after the other .*\(bad input\).*bad input indeed"):
        run(tmp_path, trials)
    begun = len(list(tmp_path.glob("t*/fault-done")))
    assert STREAK <= begun < STREAK + 3

    (tmp_path / "mended").touch()
    progress, heard = run(tmp_path, trials)
    assert {trial.status for trial in progress.trials.values()} == {"completed"}
    assert sorted(name for name, _ in heard.ends) == sorted(trials)
    assert progress.trials["t0"].mended == ["epoch 2: bad input indeed"]


def test_a_full_disk_ends_the_stage_whoever_meets_it_first(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SweepStopped, match=r"disk is full .*free some space"):
        run(tmp_path / "worker", {"t0": {"fault": DISK_FULL}})

    write = Journal.write

    def full(journal: Journal, **event: Any) -> None:
        if event["event"] == "result" and event["result"]["epoch"] == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(journal, **event)

    monkeypatch.setattr(Journal, "write", full)
    with pytest.raises(SweepStopped, match="disk is full"):
        run(tmp_path / "driver", {"t0": {}})
    monkeypatch.undo()

    for side in ("worker", "driver"):
        progress = StageProgress(tmp_path / side)
        assert [(trial.status, trial.last["epoch"]) for trial in progress.trials.values()] == [("running", 1)]
        progress.close()
