"""How many lanes share a batch: the rule, and that what it measures is time."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trainables import registry
from trainables.data.sound.store import SplitStore
from trainables.packing import choice
from trainables.packing.choice import known_gain, measured_gain, most_lanes
from trainables.packing.compatibility import AUTO_LANES
from trainables.training.engine import Engine, EngineKey, EngineSettings


def engine_of(device: str = "cpu", quantization: str = "none", precision: str = "fp32") -> Any:
    key = EngineKey("ast", "base", quantization, precision)
    return SimpleNamespace(key=key, settings=EngineSettings(device=device))


@pytest.mark.parametrize(
    ("packing", "engine", "batch_size", "clips_in_memory", "lanes"),
    [
        ("off", engine_of("cuda"), 1, 1000, 1),
        (6, engine_of(), 8, 1000, 6),
        (6, engine_of(), 8, 40, 5),  # memory holds 40 clips
        (6, engine_of(), 8, 4, 1),
        ("auto", engine_of(), 8, 1000, 1),  # a CPU is as busy with 8 clips as with 80
        ("auto", engine_of(), 1, 1000, AUTO_LANES),
        ("auto", engine_of(quantization="nf4"), 8, 1000, AUTO_LANES),
        ("auto", engine_of(precision="bf16"), 8, 1000, AUTO_LANES),
        ("auto", engine_of("cuda"), 8, 1000, AUTO_LANES),
        ("auto", engine_of("cuda"), 8, 64, 8),
    ],
)
def test_as_many_lanes_share_a_batch_as_is_asked_fits_and_may_pay(
    packing: str | int, engine: Any, batch_size: int, clips_in_memory: int, lanes: int
) -> None:
    assert most_lanes(packing, engine, batch_size=batch_size, clips_in_memory=clips_in_memory) == lanes


@pytest.fixture
def engine(tiny_checkpoint: Path) -> Engine:
    options = {"labels": ("SPEECH", "NONSPEECH"), "prompt": "Does this clip contain speech?"}
    key = EngineKey("qwen2_audio", "mini-1m", "none", "fp32")
    return Engine(key, str(tiny_checkpoint), registry.task("label_scoring", options), EngineSettings())


def test_a_machine_measures_once_and_decides_alike_from_then_on(
    engine: Engine, tone_stores: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path))
    asked: list[tuple[int, int]] = []
    said = iter((1.5, 1.02, 3.0))

    def measure(engine: Engine, clips: Any, *, batch_size: int, lanes: int) -> float:
        asked.append((batch_size, lanes))
        return next(said)

    monkeypatch.setattr(choice, "measured_gain", measure)
    clips = SplitStore(tone_stores["train"])
    for _ in range(2):
        assert known_gain(engine, clips, batch_size=1, lanes=4) == 1.5
        assert known_gain(engine, clips, batch_size=1, lanes=8) == 1.02
    assert asked == [(1, 4), (1, 8)]
    engine.computed_by = [*engine.computed_by, "another number of threads"]
    assert known_gain(engine, clips, batch_size=1, lanes=4) == 3.0


def test_a_pass_that_takes_as_long_however_many_clips_it_has_gains_as_many_times(
    engine: Engine, tone_stores: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = SplitStore(tone_stores["train"])
    backbone = engine.backbone
    for by_clip, gain in ((False, 4.0), (True, 1.0)):

        def slow(*arguments: Any, by_clip: bool = by_clip, **how: Any) -> Any:
            time.sleep(0.05 * (len(arguments[1]["labels"]) / 2 if by_clip else 1))
            return arguments[1]["labels"]

        monkeypatch.setattr(backbone, "clip_losses", slow)
        assert measured_gain(engine, clips, batch_size=2, lanes=4) == pytest.approx(gain, rel=0.3)
