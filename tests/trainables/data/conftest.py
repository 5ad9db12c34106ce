"""Small real audio files, and a task that knows two labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile


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
        soundfile.write(path, samples, rate)
        return path

    return write
