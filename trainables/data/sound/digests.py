"""Digests of files: of their bytes, and of the samples that they decode to, all channels averaged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from trainables.data.sound.problems import SoundError
from trainables.data.sound.recording import Recording

STRETCH_FRAMES = 2048  # of `stretch_digest`


def bytes_digest(path: str) -> str:
    """64 hex digits, SHA-256. Raises OSError: the file cannot be read."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sound_digest(path: str) -> str:
    """Of all samples; the path, which is like no other, where it cannot be decoded: decoding for a sweep says so."""
    try:
        with Recording(path) as recording:
            return _of_blocks(recording.blocks(0, recording.frames))
    except SoundError:
        return path


def stretch_digest(path: str) -> str:
    """As `sound_digest`, of some samples, from the middle where a jump there is exact."""
    try:
        with Recording(path) as recording:
            start = max(0, recording.frames - STRETCH_FRAMES) // 2 if recording.can_seek else 0
            return _of_blocks(recording.blocks(start, min(start + STRETCH_FRAMES, recording.frames)))
    except SoundError:
        return path


def is_silent(path: str) -> bool:
    """Whether the mean of the channels is zero throughout; not where it cannot be decoded."""
    try:
        with Recording(path) as recording:
            return not any(_mono(block).any() for block in recording.blocks(0, recording.frames))
    except SoundError:
        return False


def _of_blocks(blocks: Iterable[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(_mono(block).tobytes())
    return digest.hexdigest()


def _mono(block: np.ndarray) -> np.ndarray:
    """Adding zero makes -0.0 and 0.0 the same bytes."""
    mono: np.ndarray = block.mean(axis=1, dtype=np.float32) + np.float32(0)
    return mono
