"""A loss of the clips of a batch together, on every backbone that takes ratings: in one pass, in several, in a pack.

The reference is one graph over the outputs of all clips, and torch's gradient of it. In float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.trainables.backbones.random_checkpoints import size_of
from trainables import registry
from trainables.config import TrialConfig
from trainables.data.examples import Example
from trainables.modeling.head_loss import OUTPUTS, RATINGS, head_losses
from trainables.packing.compatibility import why_alone, why_apart
from trainables.packing.pack import Pack, pack_key
from trainables.tasks.regression import Regression
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey

TAKE_THEM = [name for name in registry.BACKBONES if "regression" in registry.backbone(name).TASKS]
CLIPS, BATCH, WITHIN = 10, 5, 1e-10
TASK = Regression(loss={"ccc": 1.0, "ranking": 0.5, "mse": 0.2}, centre=(0.0, 2.0), spread=(1.0, 3.0))


class Tones:
    """Rated clips of two lengths, each a tone of its own in noise; some ratings are missing."""

    def __init__(self, name: str, rate: int) -> None:
        self.name, self.rate = name, rate
        ratings = np.random.default_rng(len(name)).normal(size=(CLIPS, 2)).tolist()
        ratings[1][0] = None
        self.examples = tuple(Example(f"{name}-{row}", (), f"{name}-{row}", own) for row, own in enumerate(ratings))

    def __len__(self) -> int:
        return CLIPS

    def waveform(self, index: int) -> np.ndarray:
        rng = np.random.default_rng(index)
        time = np.arange(round((0.2 + 0.1 * (index % 2)) * self.rate)) / self.rate
        return (0.2 * np.sin(900 * (index + 1) * time) + 0.05 * rng.standard_normal(len(time))).astype(np.float32)

    def key(self, index: int) -> tuple[str, int]:
        return (self.name, index)


@dataclass(frozen=True)
class Bench:
    engine: Engine
    clips: Tones
    config: TrialConfig

    def lane(self, seed: int, parts: int = 1, **changes: Any) -> Lane:
        lane = Lane(
            self.engine, replace(self.config, **changes), LaneKey(seed, "-"), self.clips, self.clips, batch_parts=parts
        )
        self.engine.model.double()
        return lane


@pytest.fixture(scope="module", params=TAKE_THEM)
def bench(
    request: pytest.FixtureRequest, write_random: Callable[..., None], tmp_path_factory: pytest.TempPathFactory
) -> Bench:
    folder = tmp_path_factory.mktemp(request.param)
    backbone = registry.backbone(request.param)
    write_random(request.param, {"labels": ("bell", "drum")}, folder)
    size, preset = size_of(request.param, folder), next(iter(backbone.PRESETS))
    key = EngineKey(request.param, size, "none", "fp64", "full")
    engine = Engine(key, str(folder), TASK, EngineSettings())
    engine.model.double()
    config = TrialConfig(
        request.param, size, rank=4, alpha=8, target_modules=preset, learning_rate=3e-3, lora_dropout=0.2, epochs=2,
        batch_size=BATCH, mixup_alpha=0.4,
    )  # fmt: skip
    return Bench(engine, Tones(str(folder / "train"), backbone.SAMPLE_RATE_HZ), config)


def gradients(lane: Lane) -> list[Tensor]:
    found = [parameter.grad.clone() for parameter in lane.parameters if parameter.grad is not None]
    for parameter in lane.parameters:
        parameter.grad = None
    return found


def trained(lane: Lane) -> tuple[list[dict[str, float]], dict[str, Tensor]]:
    metrics = [lane.train_epoch() for _ in range(2)]
    weights = lane.engine.bank.tensors(lane.name)
    lane.close()
    return metrics, weights


def assert_same(ours: tuple[Any, dict[str, Tensor]], theirs: tuple[Any, dict[str, Tensor]]) -> None:
    for own, other in zip(ours[0], theirs[0], strict=True):
        assert own == pytest.approx(other, rel=1e-6, abs=1e-9)
    for name, tensor in theirs[1].items():
        torch.testing.assert_close(ours[1][name], tensor, rtol=0, atol=WITHIN)


def test_a_batch_in_several_passes_has_the_gradient_of_one_graph(bench: Bench) -> None:
    lane = bench.lane(1, parts=2)
    engine, rows = bench.engine, list(range(BATCH))
    engine.start_training(lane.name)
    passes = lane._divided(rows)
    assert len(passes) > 1
    outputs, batches = [], []
    for part in passes:
        clips = lane.clip_batch(part)
        batches.append(engine.collated(clips))
        asked = batches[-1] | {OUTPUTS: batches[-1]["rating"]}
        with engine.without_prefix(clips):
            outputs.append(engine.backbone.clip_losses(engine.model, asked, label_smoothing=0.0))
    names = [name for name in batches[0] if name.removeprefix("partner_") in (*RATINGS, "share")]
    targets = {name: torch.cat([batch[name] for batch in batches]) for name in names}
    loss = head_losses(torch.cat(outputs), targets, label_smoothing=0.0).mean()
    (0.5 * loss).backward()  # type: ignore[no-untyped-call]
    wanted = gradients(lane)
    assert lane._learn(rows, 0.5) == pytest.approx(float(loss.detach()), rel=1e-12)
    found = gradients(lane)
    assert len(found) == len(wanted)
    assert any(bool(gradient.any()) for gradient in wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=WITHIN)
    lane.close()


def test_a_batch_in_parts_trains_as_the_whole_batch(bench: Bench) -> None:
    assert_same(trained(bench.lane(1, parts=3)), trained(bench.lane(1)))


def test_a_packed_lane_is_the_lane_alone(bench: Bench) -> None:
    """Lanes of one pack have batches of their own; where a batch needs several passes they train alone."""
    lanes = [bench.lane(1), bench.lane(2, rank=2, alpha=6, learning_rate=1e-2)]
    if bench.engine.loaded.equal_shapes:
        assert "need several passes" in (why_alone(pack_key(lanes[0])) or "")
        return
    in_parts = bench.lane(3, parts=2)
    assert "need several passes" in (why_alone(pack_key(in_parts)) or "")
    in_parts.close()
    assert why_apart(*map(pack_key, lanes)) is None
    epochs = [Pack(lanes).train_epoch() for _ in range(2)]
    packed = [
        ([epoch[place] for epoch in epochs], bench.engine.bank.tensors(lane.name)) for place, lane in enumerate(lanes)
    ]
    for lane in lanes:
        lane.close()
    solo = [trained(bench.lane(1)), trained(bench.lane(2, rank=2, alpha=6, learning_rate=1e-2))]
    for ours, theirs in zip(packed, solo, strict=True):
        assert_same(ours, theirs)
    assert abs(solo[0][0][-1]["train/loss"] - solo[1][0][-1]["train/loss"]) > 1e-4  # or nothing is tested
