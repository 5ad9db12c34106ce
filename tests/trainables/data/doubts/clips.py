"""Clips whose sound is their own, unless a test copies it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainables.data.examples import AudioPiece, Example


def noise(seed: int, seconds: float = 1.0, rate: int = 8000) -> np.ndarray:
    """(samples,) of 16 bits, so that every lossless format gives them back."""
    samples = np.random.default_rng(seed).integers(-3000, 3000, round(seconds * rate))
    return np.asarray(samples, dtype=np.int16)


def clip(path: Path, target: str = "x", *, group: str = "", **values: object) -> Example:
    """A clip of the whole file, in a group of its own unless told."""
    example = Example(str(values.pop("id", path.name)), (AudioPiece(str(path)),), group or path.name, target)
    return Example.from_dict({**example.as_dict(), **values})
