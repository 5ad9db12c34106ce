"""What trials leave on the disk, and when it goes."""

from __future__ import annotations

from pathlib import Path

from sweeps.config.load import load_sweep
from sweeps.stage.cleanup import Housekeeper
from sweeps.state.progress import StageProgress
from trainables.training.resume_points import FINAL, point_name, save_point

SAMPLE = {
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
        (lane / "tensors").write_bytes(bytes(1000))
        (target / "seed-42" / "validation.parquet").write_bytes(bytes(100))


def explored(folder: Path, values: list[float]) -> tuple[StageProgress, Housekeeper]:
    """Trials of three epochs, completed one after the other with these objectives; a housekeeper after each."""
    spec = load_sweep("qwen_lora", ["finalists=2"])
    progress = StageProgress(folder, spec)
    housekeeper = Housekeeper(progress, spec)
    for index, value in enumerate(values):
        name = f"trial_{index:05d}"
        progress.asked(name, {**SAMPLE, "rank": (4, 8, 16, 32, 64)[index], "alpha_ratio": 1})
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
    spec = load_sweep("qwen_lora")
    progress = StageProgress(tmp_path, spec)
    housekeeper = Housekeeper(progress, spec)
    for name in ("pruned", "failed", "running"):
        progress.asked(name, {**SAMPLE, "rank": 4, "alpha_ratio": 1})
        point(tmp_path / name, point_name(1))
    progress.result("pruned", {"epoch": 1, "planned_epochs": 3, "objective": 0.1}, last=True)
    progress.failed("failed", "the worker process died", "worker died")

    def left() -> set[str]:
        return {path.parent.name for path in tmp_path.glob("*/epoch-*")}

    housekeeper.catch_up()
    assert left() == {"failed", "running"}
    housekeeper.all_over()
    assert left() == set()
