"""Frozen weights in bfloat16: every backbone trains in it, and learns what it learns in float32, up to its rounding."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState

from tests.trainables.backbones.random_checkpoints import size_of
from trainables import registry
from trainables.config import TrialConfig
from trainables.data.examples import Example
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey

TASKS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "classification": ({"labels": ("high", "low")}, ["high", "low"]),
    "label_scoring": ({"labels": ("high", "low"), "prompt": "Which?"}, ["high", "low"]),
    "transcription": ({}, ["ab", "cd"]),
}


@contextmanager
def own_state() -> Iterator[None]:
    """Accelerate has one precision for a process, which in a sweep is the worker's; others find theirs as it was."""
    before = dict(AcceleratorState._shared_state)
    AcceleratorState._shared_state.clear()
    try:
        yield
    finally:
        AcceleratorState._shared_state.clear()
        AcceleratorState._shared_state.update(before)


class Tones:
    """Six clips of 0.2 s, high and low."""

    def __init__(self, name: str, rate_hz: int, targets: Sequence[Any]) -> None:
        self.name, self.rate_hz = name, rate_hz
        self.examples = tuple(Example(f"{name}-{i}", (), f"{name}-{i}", targets[i % 2]) for i in range(6))

    def __len__(self) -> int:
        return len(self.examples)

    def waveform(self, index: int) -> np.ndarray:
        time = np.arange(round(0.2 * self.rate_hz)) / self.rate_hz
        return (0.3 * np.sin(2 * np.pi * (250 if index % 2 else 1800) * (1 + 0.01 * index) * time)).astype(np.float32)

    def key(self, index: int) -> tuple[str, int]:
        return (self.name, index)


def losses(
    name: str, checkpoint: Path, precision: str, folder: Path, quantization: str = "none", **more: str
) -> list[float]:
    """Training losses of two epochs, and the validation loss at the end."""
    backbone: Any = registry.backbone(name)
    kind = backbone.TASKS[0]
    options, targets = TASKS[kind]
    size = size_of(name, checkpoint)
    key = EngineKey(name, size, quantization, precision)
    settings = EngineSettings(activations=more.pop("activations", "off"))
    engine = Engine(key, str(checkpoint), registry.task(kind, dict(options)), settings)
    clips = Tones(str(folder / "clips"), backbone.SAMPLE_RATE_HZ, targets)
    preset = next(iter(backbone.PRESETS))
    config = TrialConfig(
        backbone=name, model_size=size, quantization=quantization, target_modules=preset, rank=4, alpha=8,
        learning_rate=1e-3, epochs=2, batch_size=3, **more,
    )  # fmt: skip
    lane = Lane(engine, config, LaneKey(1, "-"), clips, clips)
    assert {p.dtype for p in lane.parameters} == {torch.float32}  # what is trained keeps every bit
    found = [lane.train_epoch() for _ in range(2)]
    return [*(epoch["train/loss"] for epoch in found), found[-1]["val/loss"]]


@pytest.mark.parametrize(
    ("name", "quantization"), [*((name, "none") for name in registry.BACKBONES), ("qwen2_audio", "nf4")]
)
def test_every_backbone_trains_on_frozen_weights_in_bfloat16(
    name: str, quantization: str, tmp_path: Path, write_random: Callable[..., None]
) -> None:
    checkpoint = tmp_path / "checkpoint"
    checkpoint.mkdir()
    write_random(name, TASKS[registry.backbone(name).TASKS[0]][0], checkpoint)
    with own_state():
        exact = losses(name, checkpoint, "fp32", tmp_path, quantization)
    with own_state():
        rough = losses(name, checkpoint, "bf16", tmp_path, quantization)
    assert all(map(math.isfinite, rough))
    assert rough == pytest.approx(exact, rel=0.05)
    assert rough != exact


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("htsat", {"adapter": "none"}),  # its batch norm has statistics in bfloat16
        ("wav2vec2", {"adapter": "dora"}),
        ("qwen2_audio", {"adapter": "pissa"}),
        ("ast", {"activations": "always"}),  # an epoch computes features of which it knows no shape yet
    ],
)
def test_kinds_of_adapters_and_kept_activations_train_in_it_too(
    name: str, more: dict[str, str], tmp_path: Path, write_random: Callable[..., None]
) -> None:
    checkpoint = tmp_path / "checkpoint"
    checkpoint.mkdir()
    write_random(name, TASKS[registry.backbone(name).TASKS[0]][0], checkpoint)
    with own_state():
        exact = losses(name, checkpoint, "fp32", tmp_path, **more)
    with own_state():
        rough = losses(name, checkpoint, "bf16", tmp_path / "rough", **more)
    assert rough == pytest.approx(exact, rel=0.05, abs=0.05)
    assert rough != exact
