"""What more clips cost is measured on sweeps that are taken in whole; a paced trial reports what a real one does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.arms.workloads import WORKLOADS
from benchmarks.growth import take_in
from benchmarks.paced_trial import PacedTrial
from sweeps.config.load import load_sweep
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import EXPLORE
from sweeps.worker.job import Job, Start
from trainables.data.sound.store import SplitStore


def test_every_clip_is_checked_and_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIO_SWEEPS_MINIATURE", "test")
    found = take_in(40, tmp_path)
    assert found["clips"] == 40
    stores = [SplitStore(path.parent) for path in tmp_path.glob("results/**/store.json")]
    assert sum(len(store) for store in stores) == 32  # all but the test split


def test_the_journal_takes_a_paced_trials_results(tmp_path: Path) -> None:
    spec = load_sweep(str(WORKLOADS["tiny_ast"].file(tmp_path)), [])
    given = {"rank": 8, "alpha_ratio": 2, "learning_rate": 2e-3, "target_modules": "qv", "lora_dropout": 0.0}
    progress = StageProgress(tmp_path / "stage", spec)
    trial = progress.asked("trial_00000", given)
    job = Job(spec, EXPLORE, {}, "fp32", {}, 0)
    paced: Any = PacedTrial.__new__(PacedTrial)
    paced.setup(Start(trial.folder, trial.assignment).as_dict(), job)
    for _ in range(spec.train.epochs):
        result = paced.step()
        progress.result(trial.name, result["report"], last=result["done"])
    progress.close()
    assert trial.over
    assert [result["epoch"] for result in trial.results] == [1, 2, 3]
    assert (trial.folder / "final" / "seed-42" / "predictions" / "validation.parquet").is_file()
