"""Balanced and weighted epochs: how often each clip comes, that chance decides the rest, that a visit is its own, and
that lanes train on them, alone and in packs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trainables import registry
from trainables.config import TrialConfig
from trainables.data.sound.store import SplitStore
from trainables.packing.pack import Pack
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey
from trainables.training.sampling import Visits, balanced, drawn

TARGETS = ["many"] * 90 + ["few"] * 7 + ["rare"] * 3


def epoch(odds: np.ndarray, seed: int) -> list[int]:
    return drawn(odds, np.random.default_rng(seed))


def test_every_class_is_heard_alike() -> None:
    for seed in range(5):
        rows = epoch(balanced(TARGETS), seed)
        heard = Counter(TARGETS[row % len(TARGETS)] for row in rows)
        assert len(rows) == len(TARGETS)
        assert all(count in (33, 34) for count in heard.values())
    assert epoch(balanced(TARGETS), 3) == epoch(balanced(TARGETS), 3) != epoch(balanced(TARGETS), 4)


def test_a_clip_comes_as_often_as_its_weight_says_rounded_up_or_down() -> None:
    odds = np.random.default_rng(0).exponential(size=50)
    odds[7] = 0.0
    wanted = odds / odds.mean()
    means = np.zeros(50)
    for seed in range(400):
        counts = np.bincount([row % 50 for row in epoch(odds, seed)], minlength=50)
        assert (np.floor(wanted - 1e-9) <= counts).all()
        assert (counts <= np.ceil(wanted + 1e-9)).all()
        means += counts / 400
    np.testing.assert_allclose(means, wanted, atol=5 * 0.5 / np.sqrt(400))  # a rounding varies by at most a half


def test_equal_weights_are_each_clip_once() -> None:
    assert sorted(epoch(np.full(13, 0.2), 1)) == list(range(13))
    assert epoch(np.ones(13), 1) != list(range(13))


def test_clips_of_several_labels_have_the_sum_of_their_parts() -> None:
    odds = balanced([["a"], ["a", "b"], ["a"], [], ()])
    np.testing.assert_allclose(odds, [1 / 3, 1 / 3 + 1, 1 / 3, 1 / 2, 1 / 2])


class Few:
    examples = ("first", "second", "third")

    def __len__(self) -> int:
        return 3

    def waveform(self, index: int) -> np.ndarray:
        return np.full(10 + index, index, dtype=np.float32)

    def key(self, index: int) -> tuple[str, int]:
        return ("train", index)


def test_a_visit_is_of_its_clip_and_has_a_row_of_its_own() -> None:
    rows = epoch(np.array([1.0, 8.0, 0.0]), 2)
    assert len(set(rows)) == 3  # masks and changes are drawn by row
    visits = Visits(Few())  # type: ignore[arg-type]
    assert (len(visits), visits.key(7), visits.samples(5)) == (3, ("train", 1), 12)
    assert (visits.examples[4], list(visits.examples), visits.waveform(8)[0]) == ("second", list(Few.examples), 2.0)
    with pytest.raises(TypeError):
        visits.examples["first"]


CONFIG = TrialConfig(
    "qwen2_audio", "mini-1m", rank=4, alpha=8, learning_rate=3e-3, lora_dropout=0.1, epochs=2, batch_size=2,
    gradient_accumulation=2,
)  # fmt: skip
TASK = {"labels": ("SPEECH", "NONSPEECH"), "prompt": "Does this clip contain speech?"}


@pytest.fixture
def stores(tone_stores: dict[str, Path]) -> dict[str, SplitStore]:
    """Every third training clip weighs nothing."""
    found = {split: SplitStore(folder) for split, folder in tone_stores.items()}
    found["train"].examples = tuple(
        replace(example, weight=float(row % 3)) for row, example in enumerate(found["train"].examples)
    )
    return found


@pytest.fixture(scope="module")
def engine(tiny_checkpoint: Path) -> Engine:
    key = EngineKey("qwen2_audio", "mini-1m", "none", "fp32")
    return Engine(key, str(tiny_checkpoint), registry.task("label_scoring", dict(TASK)), EngineSettings())


def open_lane(engine: Engine, stores: dict[str, SplitStore], config: TrialConfig, seed: int = 1) -> Lane:
    return Lane(engine, config, LaneKey(seed, "-"), stores["train"], stores["validation"])


def train_alone(
    engine: Engine, stores: dict[str, SplitStore], config: TrialConfig, seed: int
) -> list[dict[str, float]]:
    lane = open_lane(engine, stores, config, seed)
    metrics = [lane.train_epoch() for _ in range(config.epochs)]
    lane.close()
    return metrics


@pytest.mark.parametrize("sampling", ["balanced", "weighted"])
def test_clips_that_are_drawn_train_resume_and_repeat_alike(
    sampling: str, engine: Engine, stores: dict[str, SplitStore], tmp_path: Path
) -> None:
    weighed = stores["train"].examples
    config = replace(CONFIG, sampling=sampling)
    once = train_alone(engine, stores, config, seed=1)
    assert train_alone(engine, stores, config, seed=1) == once != train_alone(engine, stores, CONFIG, seed=1)
    lane = open_lane(engine, stores, config)
    heard = [row % len(weighed) for passes in lane.steps() for part in passes for row in part]
    if sampling == "weighted":
        assert lane.weights is None
        assert not any(row % 3 == 0 for row in heard)  # a weight of 0
    else:
        labels = [weighed[row].target for row in heard]
        assert labels.count("SPEECH") == labels.count("NONSPEECH")
    lane.close()
    lane = open_lane(engine, stores, config)
    lane.train_epoch()
    lane.save(tmp_path / "point")
    lane.close()
    again = open_lane(engine, stores, config)
    again.load(tmp_path / "point")
    assert again.train_epoch() == once[1]
    again.close()


def test_lanes_of_one_pack_may_draw_as_each_likes(engine: Engine, stores: dict[str, SplitStore]) -> None:
    configs = [replace(CONFIG, sampling=sampling) for sampling in ("balanced", "random", "weighted")]
    lanes = [open_lane(engine, stores, config) for config in configs]
    packed = [Pack(lanes).train_epoch() for _ in range(2)]
    for lane in lanes:
        lane.close()
    for place, config in enumerate(configs):
        alone = train_alone(engine, stores, config, seed=1)
        assert [epoch[place] for epoch in packed] == [pytest.approx(metrics, rel=1e-4) for metrics in alone]
