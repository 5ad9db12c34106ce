"""Clips in which nothing is said, and clips in several languages, on their way through an engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainables import registry
from trainables.data.examples import AudioPiece, Example
from trainables.tasks.transcription import Transcription
from trainables.training.engine import Engine, EngineKey, EngineSettings


@dataclass
class TwoClips:
    """Noise of one and of two seconds; the second clip is in German."""

    folder: Path
    texts: tuple[str, str]

    @property
    def examples(self) -> list[Example]:
        audio = (AudioPiece("/x.wav"),)
        return [
            Example(name, audio, name, text, language=code)
            for name, text, code in zip("ab", self.texts, (None, "de"), strict=True)
        ]

    def __len__(self) -> int:
        return 2

    def waveform(self, index: int) -> np.ndarray:
        return np.random.default_rng(index).standard_normal(16_000 * (index + 1)).astype(np.float32) / 10

    def key(self, index: int) -> tuple[str, int]:
        return str(self.folder), index


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    backbone: Any = registry.backbone("whisper")
    task: Any = Transcription(empty_texts="keep")
    size = "mini-400k"
    backbone.write(backbone.build(size, task, 0), size, tmp_path / "model")
    return Engine(EngineKey("whisper", size, "none", "fp32"), str(tmp_path / "model"), task, EngineSettings())


def test_insertions_per_minute(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    found = engine.predict(TwoClips(tmp_path / "clips", ("", "eins")))
    assert found.targets == ["", "eins"]
    assert found.seconds == [1.0, 2.0]
    words = len(found.outputs[0].split())
    assert engine.scores(found, "val")["val/insertions_per_minute"] == pytest.approx(60 * words)
    assert engine.predict(TwoClips(tmp_path / "clips", ("one", "eins"))).seconds is None


def test_each_clip_is_told_its_language(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clips").mkdir()
    clips = TwoClips(tmp_path / "clips", ("one", "eins"))
    told: list[Any] = []
    collate = engine.backbone.collate

    def heard(*given: Any, **options: Any) -> Any:
        told.append(options.get("languages"))
        return collate(*given, **options)

    monkeypatch.setattr(engine.backbone, "collate", heard)
    engine.collated(engine.clip_batch(clips, [0, 1], with_targets=True))
    engine.collated(engine.clip_batch(clips, [0], with_targets=True))
    assert told == [[None, "de"], None]
