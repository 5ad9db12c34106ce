"""A run's thresholds are of its validation clips, lie beside its adapter, and decide what its test score is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trainables import registry
from trainables.config import TrialConfig
from trainables.data.examples import Example
from trainables.errors import InputError
from trainables.packing.pack import Pack
from trainables.records import Predictions
from trainables.tasks.multilabel import MultiLabel
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey
from trainables.training.thresholds import THRESHOLDS, read_thresholds, thresholds_by

LABELS = ("high", "loud")
TASK = MultiLabel(LABELS, thresholds="f1")


class Tones:
    """High ones, loud ones, both and neither."""

    def __init__(self, name: str, clips: int) -> None:
        self.name = name
        labels = [[label for bit, label in enumerate(LABELS) if row >> bit & 1] for row in range(clips)]
        self.examples = tuple(Example(f"{name}-{row}", (), f"{name}-{row}", own) for row, own in enumerate(labels))

    def __len__(self) -> int:
        return len(self.examples)

    def waveform(self, index: int) -> np.ndarray:
        time = np.arange(4000) / 16_000
        hertz, level = (300, 2500)[index & 1], (0.03, 0.4)[index >> 1 & 1]
        noise = np.random.default_rng(index).standard_normal(len(time))
        return (level * np.sin(2 * np.pi * hertz * time) + 0.01 * noise).astype(np.float32)

    def key(self, index: int) -> tuple[str, int]:
        return (self.name, index)


@pytest.fixture(scope="module")
def make_engine(tmp_path_factory: pytest.TempPathFactory) -> Callable[[MultiLabel], Engine]:
    backbone = registry.backbone("ast")
    size = next(iter(backbone.MINIATURE_SIZES))
    folder = tmp_path_factory.mktemp("ast")
    backbone.write(backbone.build(size, TASK, 0), size, folder)
    key = EngineKey("ast", size, "none", "fp32")
    return lambda task: Engine(key, str(folder), task, EngineSettings())


def lane_on(engine: Engine, folder: Path, keep: str = "last", seed: int = 1) -> Lane:
    config = TrialConfig(
        "ast", engine.key.model_size, target_modules="qv", epochs=2, batch_size=4, learning_rate=3e-3, keep=keep
    )
    return Lane(engine, config, LaneKey(seed, "-"), Tones(str(folder / "train"), 12), Tones(str(folder / "val"), 8))


@pytest.mark.parametrize("keep", ["last", "best"])
def test_they_are_chosen_kept_and_used(keep: str, make_engine: Callable[[MultiLabel], Engine], tmp_path: Path) -> None:
    engine = make_engine(TASK)
    lane = lane_on(engine, tmp_path, keep)
    epochs = [lane.train_epoch() for _ in range(2)]
    settled = lane.settle()
    if keep == "last":
        assert settled == {name: value for name, value in epochs[-1].items() if name.startswith("val/")}
    test = lane.predict(Tones(str(tmp_path / "test"), 8))
    lane.save(tmp_path / "final")
    left = Predictions.read_parquet(tmp_path / "final" / "predictions" / "validation.parquet")
    chosen = thresholds_by(TASK, left)
    assert chosen is not None
    assert json.loads((tmp_path / "final" / "adapter" / THRESHOLDS).read_text()) == pytest.approx(
        dict(zip(LABELS, chosen, strict=True))
    )
    np.testing.assert_allclose(read_thresholds(tmp_path / "final" / "adapter", LABELS), chosen)  # type: ignore[arg-type]
    np.testing.assert_allclose(left.thresholds, np.tile(chosen, (8, 1)))  # type: ignore[arg-type]
    np.testing.assert_allclose(test.thresholds, np.tile(chosen, (8, 1)))  # type: ignore[arg-type]
    assert TASK.score(left)["macro_f1"] == pytest.approx(settled["val/macro_f1"])
    lane.close()


def test_a_packed_lane_has_its_own(make_engine: Callable[[MultiLabel], Engine], tmp_path: Path) -> None:
    engine = make_engine(TASK)
    lanes = [lane_on(engine, tmp_path, seed=seed) for seed in (1, 2)]
    metrics = Pack(lanes).train_epoch()
    found = [lane.thresholds for lane in lanes]
    for lane in lanes:
        lane.close()
    for seed, own, packed in zip((1, 2), found, metrics, strict=True):
        alone = lane_on(engine, tmp_path, seed=seed)
        assert alone.train_epoch() == pytest.approx(packed, rel=1e-4)
        np.testing.assert_allclose(alone.thresholds, own, rtol=1e-4)  # type: ignore[arg-type]
        alone.close()


def test_a_half_leaves_nothing(make_engine: Callable[[MultiLabel], Engine], tmp_path: Path) -> None:
    lane = lane_on(make_engine(MultiLabel(LABELS)), tmp_path)
    for _ in range(2):
        lane.train_epoch()
    lane.save(tmp_path / "final")
    assert lane.last_validation.thresholds is None
    assert read_thresholds(tmp_path / "final" / "adapter", LABELS) is None
    lane.close()


@pytest.mark.parametrize(
    "text", ['{"high": 0.5}', '{"high": 0.5, "loud": 2}', "[0.1, 0.2]", "{", '{"high": 0.5, "loud": "x"}']
)
def test_what_is_no_threshold_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / THRESHOLDS).write_text(text)
    with pytest.raises(InputError, match="expected a probability for each of the labels high, loud"):
        read_thresholds(tmp_path, LABELS)
