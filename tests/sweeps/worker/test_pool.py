"""Packing on a real Ray: proxies, a process in which trials train in one batch, ASHA and the journal around them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sweeps.config.load import load_sweep
from sweeps.machine.profile import choose, probe
from sweeps.stage.ray_session import QUIET_ENVIRONMENT, ray_session
from sweeps.stage.run import train_all
from sweeps.state.assignment import searching
from sweeps.state.progress import COMPLETED, StageProgress
from sweeps.state.workspace import EXPLORE
from sweeps.worker.job import Job, Start
from sweeps.worker.trial import WARM, Trial, Workplace
from trainables import miniature

COMMON = {"target_modules": "attention", "alpha_ratio": 2, "quantization": "none", "model_size": "mini-1m"}
SAMPLES = {
    "first": {**COMMON, "rank": 4, "learning_rate": 3e-3, "lora_dropout": 0.0},
    "second": {**COMMON, "rank": 8, "learning_rate": 1e-3, "lora_dropout": 0.2},
}


class Waiting:
    """The trials of a stage, one after the other."""

    def __init__(self) -> None:
        self.left = dict(SAMPLES)

    ready = True  # nothing has to be known first

    @property
    def exhausted(self) -> bool:
        return not self.left

    def next(self) -> tuple[str, Mapping[str, Any]] | None:
        name = next(iter(self.left), None)
        return None if name is None else (name, self.left.pop(name))

    def tell(self, name: str, result: Mapping[str, Any] | None) -> None: ...


@pytest.fixture
def job(tone_stores: dict[str, Path], tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Workers find the checkpoint where they look for the miniature."""
    for name, value in {**QUIET_ENVIRONMENT, "RAY_worker_niceness": "0"}.items():
        monkeypatch.setenv(name, value)
    # a Ray that was imported before it was to ask for a token cannot do so any more
    monkeypatch.setattr("sweeps.stage.ray_session.AUTHENTICATION", {})
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "cache"))
    shutil.copytree(tiny_checkpoint, miniature._folder("qwen2_audio", "mini-1m", "test"))
    spec = load_sweep("qwen_lora", ["train.batch_size=4", "train.epochs=2", "train.gradient_accumulation=2"])
    options = {"labels": ("SPEECH", "NONSPEECH"), "prompt": "Does this clip contain speech?"}
    return Job(
        spec=replace(spec, task_options=options, packing=2),
        stage=EXPLORE,
        stores={split: str(tone_stores[split]) for split in ("train", "validation")},
        precision="fp32",
        engine_settings={"device": "cpu", "threads": 1},
        engine_budget_bytes=4 << 30,
        miniature_recipe="test",
        trials_per_worker=2,
    )


def alone(job: Job, name: str, folder: Path) -> list[dict[str, Any]]:
    """The same trial without Ray and with its batches for itself."""
    off = replace(job, spec=replace(job.spec, packing="off"))
    trial = Trial(Workplace(off), Start(folder / name, searching(job.spec, SAMPLES[name])))
    results = [trial.step()["report"] for _ in range(2)]
    trial.close()
    return results


def test_a_packed_stage_gives_what_its_trials_give_alone(job: Job, tmp_path: Path) -> None:
    profile = replace(choose("cpu", probe(), planning=False), concurrency=1)
    progress = StageProgress(tmp_path / "packed", job.spec)
    with ray_session(profile):
        train_all(job, progress, Waiting(), profile=profile, observers=[])
    progress.close()
    WARM.clear()
    packs = [result["pack_lanes"] for trial in progress.trials.values() for result in trial.results]
    assert max(packs) == 2  # the first epoch of the first may have begun before the second came
    assert len({result["worker_pid"] for trial in progress.trials.values() for result in trial.results}) == 1
    for name, trial in progress.trials.items():
        assert trial.status == COMPLETED
        for got, expected in zip(trial.results, alone(job, name, tmp_path / "alone"), strict=True):
            (ours,), (theirs,) = got["lanes"], expected["lanes"]
            assert ours["metrics"] == pytest.approx(theirs["metrics"], rel=1e-4, abs=1e-6)
    WARM.clear()
