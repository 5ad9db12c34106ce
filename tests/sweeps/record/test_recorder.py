"""What the recorder adds to a run's own metrics: what it cost."""

from pathlib import Path

import pytest

from sweeps.config.load import load_sweep
from sweeps.record.recorder import Recorder
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import EXPLORE
from trainables.records import COST_MEMORY, COST_SECONDS, TAG_MENDED, TAG_MICRO_BATCH


class FakeChildRuns:
    def __init__(self) -> None:
        self.logged: dict[tuple[str, int], dict[str, float]] = {}
        self.ended: dict[str, str] = {}
        self.tags: dict[tuple[str, str], str] = {}

    def log_epoch(self, run: str, epoch: int, metrics: dict[str, float]) -> None:
        self.logged[run, epoch] = metrics

    def closed(self, stage: str, config: str, trial: str, seed: str, fold: str, status: str) -> str | None:
        return f"{trial}/{seed}" if self.ended.get(f"{trial}/{seed}") == status else None

    def begin(self, *, trial_id: str, seed: str, **tags: object) -> str:
        return f"{trial_id}/{seed}"

    def tag(self, run: str, tag: str, value: str) -> None:
        self.tags[run, tag] = value

    def log_artifacts(self, run: str, folder: Path, *parts: str) -> None: ...

    def close(self, run: str, status: str, reason: str | None = None) -> None:
        self.ended[run] = status


@pytest.fixture
def progress(tmp_path: Path) -> StageProgress:
    """One trial of two lanes after its third and last epoch, one in its first."""
    progress = StageProgress(tmp_path, load_sweep("qwen_lora", ["train.batch_size=6"]))
    lanes = [{"seed": seed, "fold": "-", "metrics": {"val/accuracy": 0.8}} for seed in (1, 2)]
    result = {"lanes": lanes, "step_seconds": 5.0, "peak_memory_bytes": 2**30, "planned_epochs": 3}
    given = {"rank": 4, "target_modules": "attention", "learning_rate": 1e-3}
    given |= {"model_size": "7b", "quantization": "none", "alpha_ratio": 1}
    progress.asked("over", given)
    for epoch in (1, 2, 3):
        progress.result("over", {**result, "epoch": epoch}, last=epoch == 3)
    progress.asked("begun", given)
    progress.result("begun", {**result, "epoch": 1}, last=False)
    return progress


def test_lanes_share_the_cost_of_their_epoch(progress: StageProgress) -> None:
    runs = FakeChildRuns()
    Recorder(load_sweep("qwen_lora"), EXPLORE, runs).reported(progress.trials["over"])
    metrics = {"val/accuracy": 0.8, COST_SECONDS: 2.5, COST_MEMORY: 2**30}
    assert runs.logged == {("over/1", 3): metrics, ("over/2", 3): metrics}


def test_what_a_killed_driver_had_not_written_is_written_and_nothing_else(progress: StageProgress) -> None:
    runs = FakeChildRuns()
    recorder = Recorder(load_sweep("qwen_lora"), EXPLORE, runs)
    recorder.catch_up(progress)
    assert {key for key in runs.logged if key[0] == "over/1"} == {("over/1", epoch) for epoch in (1, 2, 3)}
    assert runs.ended == {"over/1": "completed", "over/2": "completed"}
    assert ("begun/2", 1) in runs.logged

    runs.logged.clear()
    Recorder(load_sweep("qwen_lora"), EXPLORE, runs).catch_up(progress)
    assert {run for run, _ in runs.logged} == {"begun/1", "begun/2"}  # the record skips what a run has


def test_what_was_mended_and_the_micro_batch_are_recorded(progress: StageProgress) -> None:
    spec = load_sweep("qwen_lora")
    progress.retried("begun", "the machine ran low on memory, and Ray ended the worker", "out of memory", 2)
    result = {**progress.trials["over"].last, "batch_parts": 4}
    progress.result("begun", {**result, "epoch": 2}, last=False)
    progress.result("begun", {**result, "epoch": 3}, last=True)
    runs = FakeChildRuns()
    recorder = Recorder(spec, EXPLORE, runs)
    for trial in progress.trials.values():
        recorder.ended(trial)
    assert {run for run, _ in runs.tags} == {"begun/1", "begun/2"}
    assert runs.tags["begun/1", TAG_MICRO_BATCH] == "2"  # six clips in four parts: 2, 2, 2
    mended = runs.tags["begun/1", TAG_MENDED]
    assert "epoch 2: the machine ran low on memory" in mended
    assert "epoch 2: out of memory, batches in 4 parts" in mended
