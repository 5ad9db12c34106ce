"""Recordings of published data sets, for the commands that make manifests of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from trainables.errors import InputError

FRAME_SECONDS = 0.05
TRIM_DB = 35.0  # below the loudest frame: quiet edges


def by_group(folder: Path, pattern: str, key: str) -> dict[str, list[Path]]:
    """Files in order, by what `key` finds in the file's name, or, where `pattern` has folders, in the folder's.

    Raises InputError: none.
    """
    groups: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.glob(pattern)):
        match = re.fullmatch(key, path.name if "/" not in pattern else path.parent.name)
        if match:
            groups[match[1]].append(path)
    if not groups:
        *above, name = folder.parts
        raise InputError(f"{folder}: holds no {pattern}; FOLDER must hold {'/'.join([*above[-1:], name])}.")
    return dict(groups)


def frame_levels(path: Path) -> np.ndarray:
    """(frames,) mean power of stretches of FRAME_SECONDS."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1).astype(np.float64)
    frame = round(FRAME_SECONDS * rate)
    whole = len(mono) // frame
    levels: np.ndarray = (mono[: whole * frame].reshape(whole, frame) ** 2).mean(axis=1)
    return levels


def trimmed(path: Path) -> dict[str, Any]:
    """The recording without its quiet edges, to a frame: a piece of a manifest's `audio`."""
    levels = frame_levels(path)
    if not len(levels):
        return {"path": str(path), "start_seconds": 0.0, "seconds": rounded(soundfile.info(path).duration)}
    loud = np.flatnonzero(levels >= levels.max() * 10 ** (-TRIM_DB / 10))
    seconds = (loud[-1] - loud[0] + 1) * FRAME_SECONDS
    return {"path": str(path), "start_seconds": rounded(loud[0] * FRAME_SECONDS), "seconds": rounded(seconds)}


class Deck:
    """Recordings in random order, none twice before every one was given."""

    def __init__(self, paths: Sequence[Path], rng: np.random.Generator) -> None:
        self._paths = list(paths)
        self._rng = rng
        self._left: list[Path] = []

    def next(self) -> Path:
        if not self._left:
            self._left = [self._paths[index] for index in self._rng.permutation(len(self._paths))]
        return self._left.pop()


def rounded(seconds: float) -> float:
    return round(float(seconds), 3)
