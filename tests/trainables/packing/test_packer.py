"""Packs that fail are divided, and nobody's numbers change; what pays is measured once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from trainables import registry
from trainables.config import TrialConfig
from trainables.data.sound.store import SplitStore
from trainables.packing import packer
from trainables.packing.packer import Packer
from trainables.training.batch import ClipBatch
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey

CONFIG = TrialConfig(
    backbone="qwen2_audio", model_size="mini-1m", rank=4, alpha=8, learning_rate=3e-3, epochs=1, batch_size=3,
)  # fmt: skip
TASK = {"labels": ("SPEECH", "NONSPEECH"), "prompt": "Does this clip contain speech?"}


@pytest.fixture(scope="module")
def engine(tiny_checkpoint: Path) -> Engine:
    key = EngineKey("qwen2_audio", "mini-1m", "none", "fp64")
    settings = EngineSettings(evaluation_batch_size=4)
    return Engine(key, str(tiny_checkpoint), registry.task("label_scoring", dict(TASK)), settings)


def lanes_on(engine: Engine, stores: dict[str, Path], configs: list[TrialConfig]) -> list[Lane]:
    train, validation = SplitStore(stores["train"]), SplitStore(stores["validation"])
    return [Lane(engine, config, LaneKey(seed, "-"), train, validation) for seed, config in enumerate(configs)]


def trained(engine: Engine, stores: dict[str, Path], packing: str | int) -> tuple[list[Any], list[Any], list[int]]:
    lanes = lanes_on(
        engine, stores, [CONFIG, replace(CONFIG, rank=2), CONFIG, replace(CONFIG, lora_dropout=0.1), CONFIG]
    )
    found = Packer(packing, clip_room_bytes=1000).train(lanes, clip_bytes=1)
    weights = [engine.bank.tensors(lane.name) for lane in lanes]
    for lane in lanes:
        lane.close()
    return [outcome for outcome, _ in found], weights, [together for _, together in found]


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory."), KeyError("a fault of a pack's own")])
def test_a_pack_that_fails_half_way_is_divided_and_gives_what_lanes_give_alone(
    engine: Engine, tone_stores: dict[str, Path], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    expected, weights, alone = trained(engine, tone_stores, "off")
    assert alone == [1] * 5
    collated, batches = Engine.collated, []

    def allocate(engine: Engine, *parts: ClipBatch) -> Any:
        batches.append(sum(len(part.features) for part in parts))
        if (
            batches[-1] > 9 and sum(size > 9 for size in batches) > 1
        ):  # the first one fits: generators and schedules have moved
            raise error
        return collated(engine, *parts)

    monkeypatch.setattr(Engine, "collated", allocate)
    got, got_weights, together = trained(engine, tone_stores, 5)
    assert together == [3, 3, 3, 2, 2]
    assert max(batches) == 15
    for ours, theirs in zip(got, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-9)
    for ours, theirs in zip(got_weights, weights, strict=True):
        for name, tensor in theirs.items():
            torch.testing.assert_close(ours[name], tensor, rtol=0, atol=1e-10)


def test_a_lane_that_cannot_train_even_alone_fails_for_itself(
    engine: Engine, tone_stores: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes = lanes_on(engine, tone_stores, [CONFIG] * 3)
    monkeypatch.setattr(lanes[1], "clip_batch", lambda rows: {}["gone"])
    outcomes = [outcome for outcome, _ in Packer(3, clip_room_bytes=1000).train(lanes, clip_bytes=1)]
    assert [type(outcome) for outcome in outcomes] == [dict, KeyError, dict]
    for lane in lanes:
        lane.close()


def test_auto_measures_once_and_packs_where_it_pays(
    engine: Engine, tone_stores: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for gain, lanes_in_pack in ((1.5, 2), (1.02, 1)):
        measured: list[int] = []

        def measure(*arguments: Any, gain: float = gain, measured: list[int] = measured, **how: Any) -> float:
            measured.append(how["lanes"])
            return gain

        monkeypatch.setattr(packer, "known_gain", measure)
        auto = Packer("auto", clip_room_bytes=1000)
        for _ in range(2):
            lanes = lanes_on(engine, tone_stores, [replace(CONFIG, batch_size=1, max_steps=2)] * 2)
            assert [together for _, together in auto.train(lanes, clip_bytes=1)] == [lanes_in_pack] * 2
            for lane in lanes:
                lane.close()
        assert measured == [2]
