"""WAV of 16 bit integers or 32 bit floats, read without libsndfile: of short clips opening is most of the work.

The samples are those that libsndfile gives: integers in units of 1/32768 of full scale.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from trainables.data.sound.riff import FLOAT, PCM, Wav

UNIT = np.float32(2.0**-15)
_INTEGERS, _FLOATS = np.dtype("<i2"), np.dtype("<f4")


class WavReader:
    """Takes the file over, and closes it."""

    FORMATS = ((PCM, 16), (FLOAT, 32))  # tag, bits
    can_seek = True

    def __init__(self, path: str | Path, file: BinaryIO, wav: Wav) -> None:
        self._path, self._file, self._wav = path, file, wav
        self.sample_rate_hz, self.channels, self.speakers = wav.sample_rate_hz, wav.channels, wav.speakers
        self.is_16_bit = wav.tag == PCM
        self._kind = _INTEGERS if self.is_16_bit else _FLOATS
        self.promised: int | None = (wav.data_end - wav.data_at) // wav.block_bytes
        self._left = self.promised
        file.seek(wav.data_at)

    def read(self, frames: int) -> np.ndarray:
        """At most `frames` frames, (frames, channels) float32; none at the end."""
        block_bytes = self._wav.block_bytes
        samples = np.empty(min(frames, self._left) * self.channels, self._kind)
        whole = self._file.readinto(samples.view(np.uint8)) // block_bytes  # type: ignore[attr-defined]
        self._left = self._left - whole if whole else 0
        block = samples[: whole * self.channels].astype(np.float32, copy=False)
        if self.is_16_bit:
            block *= UNIT
        return block.reshape(whole, self.channels)

    def seek(self, frame: int) -> None:
        self._file.seek(self._wav.data_at + frame * self._wav.block_bytes)
        self._left = (self.promised or 0) - frame

    def close(self) -> None:
        self._file.close()
