"""Small real audio files, folders that are written in a line and read as a source, and a task that knows two labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from trainables.data import sources
from trainables.data.reading import Reading, Skip, Wanted


@dataclass(frozen=True)
class TwoLabels:
    column: str = "label"

    def check_target(self, value: Any) -> str | None:
        return None if value in ("a", "b") else f"label {value!r} is not one of a, b"


@pytest.fixture
def task() -> TwoLabels:
    return TwoLabels()


@pytest.fixture
def write_tone() -> Callable[..., Path]:
    def write(path: Path, *, seconds: float = 0.5, rate: int = 16_000, channels: int = 1, hz: float = 440.0) -> Path:
        """A sine of amplitude 0.5 on every channel."""
        time = np.arange(round(seconds * rate)) / rate
        samples = np.repeat(0.5 * np.sin(2 * np.pi * hz * time)[:, None], channels, axis=1)
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, samples, rate, format="NIST" if path.suffix == ".sph" else None)
        return path

    return write


@pytest.fixture
def lay(tmp_path: Path, write_tone: Callable[..., Path]) -> Callable[..., Path]:
    def lay_(sounds: Iterable[str] = (), texts: Mapping[str, str] | None = None, *, seconds: float = 0.1) -> Path:
        """A folder with these sounds and these files of text."""
        folder = tmp_path / "source"
        folder.mkdir(exist_ok=True)
        for number, name in enumerate(sounds):
            write_tone(folder / name, seconds=seconds, hz=300.0 + 10 * number)
        for name, text in (texts or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        return folder

    return lay_


@pytest.fixture
def read_source(tmp_path: Path) -> Callable[..., Reading]:
    def read_(
        folder: Path, column: str = "label", skip: int | str = 0, questions: bool = False, **columns: str
    ) -> Reading:
        wanted = Wanted(column, tmp_path / "cache", columns, skip=Skip.from_text(skip), questions=questions)
        reading = sources.open_source(str(folder), wanted, base_folder=tmp_path, seed=7)
        reading.account.refuse_beyond(wanted.skip, len(reading.examples) + len(reading.account.left_out))
        return reading

    return read_
