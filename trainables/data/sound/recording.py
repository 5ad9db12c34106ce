"""A file of sound that is open: how long it is, and any stretch of it, to the sample.

A stretch is the same samples as in the whole file decoded from its start. Where a format's decoder does not promise
that after a jump (Vorbis, Opus, MP3, ADPCM, ...), the file is decoded from its start and what comes before is dropped;
stretches that are asked for in order cost one pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainables.data.sound import kept
from trainables.data.sound.decoders import Reader, open_reader
from trainables.data.sound.problems import SoundError

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 1000, 768_000
MOST_CHANNELS = 64
LONGEST_FILE_SECONDS = 360_000.0  # a hundred hours: a header that promises more is damaged
BLOCK_SAMPLES = 1 << 20  # decoded at once, all channels together


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a file holds, by its header, or by decoding it where the header does not know."""

    sample_rate_hz: int
    channels: int
    frames: int
    seconds: float


class Recording:
    """Raises SoundError on opening: as `open_reader`, and what no recording has (rate, channels, length)."""

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self._reader = _checked(path, open_reader(path))
        self._at = 0
        self.sample_rate_hz, self.channels = self._reader.sample_rate_hz, self._reader.channels
        self.speakers, self.is_16_bit = self._reader.speakers, self._reader.is_16_bit
        self._exact = self._reader.promised is not None
        try:
            self.frames = self._reader.promised if self._reader.promised is not None else self._counted()
            self._check_length()
        except SoundError:
            self.close()
            raise

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._reader.close()

    @property
    def info(self) -> AudioInfo:
        return AudioInfo(self.sample_rate_hz, self.channels, self.frames, self.frames / self.sample_rate_hz)

    @property
    def can_seek(self) -> bool:
        """Whether a stretch costs no decoding of what comes before it."""
        return self._reader.can_seek

    def blocks(self, start: int, stop: int) -> Iterator[np.ndarray]:
        """Frames `start` to `stop`, (frames, channels) float32 at a time. Raises SoundError: damaged, or cut off."""
        self._go_to(start)
        left = stop - start
        while left > 0:
            block = self._read(left)
            if not len(block):
                raise SoundError(self.path, "ends before the sound that its header promises does: it is cut off.")
            yield block
            left -= len(block)

    def _go_to(self, start: int) -> None:
        if start == self._at:
            return
        if self._reader.can_seek:
            self._reader.seek(start)  # type: ignore[attr-defined]
            self._at = start
            return
        if start < self._at:
            self._reader.close()
            self._reader, self._at = open_reader(self.path), 0
        while self._at < start and len(self._read(start - self._at)):
            pass

    def _read(self, frames: int) -> np.ndarray:
        block = self._reader.read(min(frames, max(1, BLOCK_SAMPLES // self.channels)))
        self._at += len(block)
        return block

    def _counted(self) -> int:
        """Frames that decoding gives; kept for the next time."""
        name = kept.key("frames", self.path)
        known: Any = kept.recall([name]).get(name)
        if isinstance(known, int) and known > 0:
            return known
        most = int(LONGEST_FILE_SECONDS * self.sample_rate_hz)
        while len(self._read(BLOCK_SAMPLES)) and self._at <= most:
            pass
        frames = self._at
        self._reader.close()
        self._reader, self._at = open_reader(self.path), 0
        kept.keep({name: frames})
        return frames

    def _check_length(self) -> None:
        if self.frames <= 0:
            raise SoundError(self.path, "holds no samples (0 frames).")
        if self.frames / self.sample_rate_hz > LONGEST_FILE_SECONDS:
            hours = self.frames / self.sample_rate_hz / 3600
            raise SoundError(
                self.path, f"lasts {hours:.3g} hours by its header, which no recording does: convert it again."
            )


def _checked(path: str | Path, reader: Reader) -> Reader:
    rate, channels = reader.sample_rate_hz, reader.channels
    problem = None
    if rate < LOWEST_RATE_HZ:
        problem = f"has a sample rate of {rate} Hz (kilohertz where hertz was meant?)."
    elif rate > HIGHEST_RATE_HZ:
        problem = f"has a sample rate of {rate} Hz; at most {HIGHEST_RATE_HZ} is read."
    elif not 1 <= channels <= MOST_CHANNELS:
        problem = f"has {channels} channels; at most {MOST_CHANNELS} are read."
    if problem is not None:
        reader.close()
        raise SoundError(path, problem)
    return reader
