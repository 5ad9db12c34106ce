"""Packs of lanes that come and go, differ in what they have left, or fail. Every backbone: test_packed_equality.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest
import torch

from trainables import registry
from trainables.config import TrialConfig
from trainables.data.clips import Selection
from trainables.data.sound.store import SplitStore
from trainables.packing.compatibility import why_apart
from trainables.packing.pack import Pack, pack_key
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.faults import TrainingDiverged
from trainables.training.lane import Lane, LaneKey

CONFIG = TrialConfig(
    backbone="qwen2_audio",
    model_size="mini-1m",
    rank=4,
    alpha=8,
    learning_rate=3e-3,
    lora_dropout=0.1,
    epochs=3,
    batch_size=2,
    gradient_accumulation=2,
    warmup_ratio=0.2,
)
OTHER = replace(CONFIG, rank=8, alpha=4, target_modules="lm-attention", lora_dropout=0.0, learning_rate=1e-3)
TASK = {"labels": ("SPEECH", "NONSPEECH"), "prompt": "Does this clip contain speech?"}
WITHIN = 1e-10


@pytest.fixture(scope="module")
def stores(tone_stores: dict[str, Path]) -> dict[str, SplitStore]:
    return {split: SplitStore(folder) for split, folder in tone_stores.items()}


@pytest.fixture(scope="module")
def engine(tiny_checkpoint: Path) -> Engine:
    key = EngineKey("qwen2_audio", "mini-1m", "none", "fp64")
    return Engine(key, str(tiny_checkpoint), registry.task("label_scoring", dict(TASK)), EngineSettings())


def open_lane(engine: Engine, stores: Any, config: TrialConfig, seed: int, clips: int | None = None) -> Lane:
    train = stores["train"]
    if clips is not None:
        train = Selection([train], [example.id for example in train.examples[:clips]])
    return Lane(engine, config, LaneKey(seed, "-"), train, stores["validation"])


def finish(lane: Lane) -> list[dict[str, float]]:
    return [lane.train_epoch() for _ in range(lane.planned_epochs - lane.epoch)]


def alone(engine: Engine, stores: Any, *arguments: Any) -> tuple[list[dict[str, float]], dict[str, torch.Tensor]]:
    lane = open_lane(engine, stores, *arguments)
    metrics, weights = finish(lane), engine.bank.tensors(lane.name)
    lane.close()
    return metrics, weights


def assert_is(lane: Lane, metrics: Sequence[dict[str, float]], solo: tuple[Any, Any]) -> None:
    for ours, theirs in zip(metrics, solo[0], strict=True):
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-9)
        assert ours["train/loss"] == pytest.approx(theirs["train/loss"], abs=WITHIN)
    weights = lane.engine.bank.tensors(lane.name)
    for name, tensor in solo[1].items():
        torch.testing.assert_close(weights[name], tensor, rtol=0, atol=WITHIN)


def test_lanes_join_and_leave_at_epochs_and_go_on_alone(engine: Engine, stores: Any, tmp_path: Path) -> None:
    """The first lane trains in two packs and then alone; the second leaves, and goes on from its resume point."""
    chosen = [(CONFIG, 1), (OTHER, 2), (replace(OTHER, rank=1, lora_dropout=0.3), 3)]
    solo = [alone(engine, stores, *each) for each in chosen]
    first, second, third = (open_lane(engine, stores, *each) for each in chosen)
    metrics: list[list[dict[str, float]]] = [[], [], []]
    for own, got in zip(metrics, Pack([first, second]).train_epoch(), strict=False):
        own.append(got)
    second.save(tmp_path / "second")
    second.close()
    for place, got in zip((2, 0), Pack([third, first]).train_epoch(), strict=True):
        metrics[place].append(got)
    metrics[0] += finish(first)
    metrics[2] += finish(third)
    second = open_lane(engine, stores, *chosen[1])
    second.load(tmp_path / "second")
    metrics[1] += finish(second)
    for lane, own, expected in zip((first, second, third), metrics, solo, strict=True):
        assert_is(lane, own, expected)
        lane.close()


def test_folds_of_other_sizes_and_ends_within_an_epoch(engine: Engine, stores: Any) -> None:
    """12, 11 and 7 clips: batches of other sizes at the end, 3 and 2 steps; the third takes 3 steps in all."""
    chosen = [
        (CONFIG, 1),
        (replace(OTHER, gain_db=6.0, time_masks=1, time_mask_frames=9), 2, 11),
        (replace(OTHER, max_steps=3), 3, 7),
    ]
    solo = [alone(engine, stores, *each) for each in chosen]
    lanes = [open_lane(engine, stores, *each) for each in chosen]
    assert all(why_apart(pack_key(lanes[0]), pack_key(lane)) is None for lane in lanes[1:])
    metrics: list[list[dict[str, float]]] = [[] for _ in lanes]
    while left := [place for place, lane in enumerate(lanes) if not lane.finished]:
        for place, got in zip(left, Pack([lanes[place] for place in left]).train_epoch(), strict=True):
            metrics[place].append(got)
    assert [len(own) for own in metrics] == [3, 3, 2]
    for lane, own, expected in zip(lanes, metrics, solo, strict=True):
        assert_is(lane, own, expected)
        lane.close()


def test_a_lane_that_passes_alone_keeps_what_lies_below_all_lanes(
    tiny_checkpoint: Path, tone_stores: dict[str, Path], tmp_path: Path
) -> None:
    """The first lane leaves the audio tower as it is and has steps of its own, whose clips the second lane's modules in
    the tower must not meet one at a time."""
    stores = {split: SplitStore(Path(copytree(folder, tmp_path / split))) for split, folder in tone_stores.items()}
    key = EngineKey("qwen2_audio", "mini-1m", "none", "fp64")
    settings = EngineSettings(activations="always")
    engine = Engine(key, str(tiny_checkpoint), registry.task("label_scoring", dict(TASK)), settings)
    chosen = [(OTHER, 1, 12), (CONFIG, 2, 6)]
    lanes = [open_lane(engine, stores, *each) for each in chosen]
    metrics = [Pack(lanes).train_epoch() for _ in range(CONFIG.epochs)]
    for number, (lane, each) in enumerate(zip(lanes, chosen, strict=True)):
        assert_is(lane, [epoch[number] for epoch in metrics], alone(engine, stores, *each))


def test_padding_stays_exactly_zero(engine: Engine, stores: Any) -> None:
    lanes = [open_lane(engine, stores, config, 1) for config in (CONFIG, OTHER)]
    for _ in range(2):
        pack = Pack(lanes)
        pack.train_epoch()
        padded = 0
        for layer in pack.layers:
            for lane, part in enumerate(layer.parts):
                rank = 0 if part is None else part.a.shape[0]
                for outside in (layer.a[lane, rank:], layer.b[lane, :, rank:]):
                    assert torch.equal(outside, torch.zeros_like(outside))
                    padded += outside.numel()
        assert padded > 0
    for lane in lanes:
        lane.close()


def test_a_lane_that_diverges_ends_alone(engine: Engine, stores: Any) -> None:
    solo = alone(engine, stores, CONFIG, 1)
    wild = open_lane(engine, stores, replace(CONFIG, learning_rate=1e30, warmup_ratio=0.0, clip_norm=None), 2)
    tame = open_lane(engine, stores, CONFIG, 1)
    ended, metrics = Pack([wild, tame]).train_epoch()
    assert isinstance(ended, TrainingDiverged)
    assert "in epoch 1, step " in str(ended)
    assert isinstance(metrics, dict)
    wild.close()
    assert_is(tame, [metrics, *finish(tame)], solo)
    tame.close()


def test_the_model_is_as_before_and_no_global_generator_is_asked(engine: Engine, stores: Any) -> None:
    hooks = sum(len(module._forward_hooks) for module in engine.model.modules())
    untuned = engine.predict_untuned(stores["test"]).scores
    state = torch.random.get_rng_state()
    lanes = [open_lane(engine, stores, CONFIG, seed) for seed in (1, 2)]
    Pack(lanes).train_epoch()
    for lane in lanes:
        lane.close()
    assert torch.equal(torch.random.get_rng_state(), state)
    assert sum(len(module._forward_hooks) for module in engine.model.modules()) == hooks
    np.testing.assert_array_equal(engine.predict_untuned(stores["test"]).scores, untuned)


def test_gradient_checkpointing_and_batches_in_parts(tiny_checkpoint: Path, stores: Any) -> None:
    key = EngineKey("qwen2_audio", "mini-1m", "none", "fp64")
    task = registry.task("label_scoring", dict(TASK))
    engine = Engine(key, str(tiny_checkpoint), task, EngineSettings(gradient_checkpointing=True))
    found = []
    for together in (False, True):
        lanes = [
            Lane(engine, config, LaneKey(1, "-"), stores["train"], stores["validation"], batch_parts=2)
            for config in (CONFIG, OTHER)
        ]
        metrics = Pack(lanes).train_epoch() if together else [lane.train_epoch() for lane in lanes]
        found.append((metrics, [engine.bank.tensors(lane.name) for lane in lanes]))
        for lane in lanes:
            lane.close()
    for ours, theirs in zip(found[1][0], found[0][0], strict=True):
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-9)
    for ours, theirs in zip(found[1][1], found[0][1], strict=True):
        for name, tensor in theirs.items():
            torch.testing.assert_close(ours[name], tensor, rtol=0, atol=WITHIN)
