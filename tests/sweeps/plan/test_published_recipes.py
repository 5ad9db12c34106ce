"""The published recipes of AST and Moonshine stand in the shipped files as baselines, entire, and train."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweeps.config.load import load_sweep
from sweeps.config.resolve import baseline_config
from trainables import registry
from trainables.config import TrialConfig
from trainables.data.examples import Example
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey

AST = TrialConfig(
    backbone="ast", model_size="base", rank=8, alpha=32, target_modules="all-linear", learning_rate=5e-5,
    lora_dropout=0.1, head="full", epochs=8, batch_size=8, gradient_accumulation=4, warmup_ratio=0.1, weight_decay=0.01,
    label_smoothing=0.1, frequency_masks=2, frequency_mask_bins=30, time_masks=2, time_mask_frames=40, mixup_alpha=0.2,
)  # fmt: skip
MOONSHINE = TrialConfig(
    backbone="moonshine", model_size="tiny", rank=8, alpha=16, target_modules="attention", learning_rate=1e-5,
    lora_dropout=0.05, epochs=50, max_steps=1600, batch_size=1, gradient_accumulation=4,
)  # fmt: skip
ANSWERS = {"ast": ["flam", "drag"], "moonshine": ["two", "six one"]}


class Noises:
    """Half a second each, in memory: `trainables.data.clips.Clips`."""

    def __init__(self, name: str, count: int, targets: list[str]) -> None:
        self.examples = tuple(
            Example(f"{name}-{index}", (), f"{name}-{index}", targets[index % len(targets)]) for index in range(count)
        )

    def __len__(self) -> int:
        return len(self.examples)

    def waveform(self, index: int) -> np.ndarray:
        return (0.1 * np.random.default_rng(index).standard_normal(8_000)).astype(np.float32)

    def key(self, index: int) -> tuple[str, int]:
        return (self.examples[index].id, 0)


@pytest.mark.parametrize(("sweep", "published"), [("ast_lora", AST), ("moonshine_lora", MOONSHINE)])
def test_the_baseline_is_the_published_recipe(sweep: str, published: TrialConfig) -> None:
    assert baseline_config(load_sweep(sweep)).as_dict() == published.as_dict()


@pytest.mark.parametrize("published", [AST, MOONSHINE], ids=lambda config: config.backbone)
def test_it_trains(published: TrialConfig, tmp_path: Path) -> None:
    """Two optimizer steps on a miniature's shape, everything but size and length as published."""
    name = published.backbone
    backbone: Any = registry.backbone(name)
    size = next(iter(backbone.MINIATURE_SIZES))
    targets = ANSWERS[name]
    kind = backbone.TASKS[0]
    task = registry.task(kind, {"labels": tuple(targets)} if kind == "classification" else {})
    backbone.write(backbone.build(size, task, seed=0), size, tmp_path)
    config = replace(published, model_size=size, epochs=1, max_steps=2)
    engine = Engine(EngineKey.of(config, "fp32"), str(tmp_path), task, EngineSettings())
    clips = config.batch_size * config.gradient_accumulation * 2
    lane = Lane(engine, config, LaneKey(1, "-"), Noises("train", clips, targets), Noises("validation", 2, targets))
    before = engine.bank.tensors(lane.name)
    metrics = lane.train_epoch()
    assert lane.finished
    assert lane.step == 2
    assert np.isfinite(metrics["train/loss"])
    assert any(not np.array_equal(before[name], after) for name, after in engine.bank.tensors(lane.name).items())
