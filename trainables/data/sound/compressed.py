"""AAC, WMA, WebM, AMR and other formats that libsndfile does not read, through PyAV, where that is installed.

PyAV is the optional dependency `compressed`: its wheels bring FFmpeg's libraries, some of them under the GPL.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from trainables.data.sound.problems import CUT_OFF, DAMAGED, SoundError

SHORT_SECONDS = 0.25  # by which a container's length may exceed the sound: encoders round to whole frames


def is_installed() -> bool:
    return find_spec("av") is not None


class CompressedReader:
    """The first stream of sound in a file, decoded forwards."""

    can_seek = False
    promised: int | None = None  # of most of these formats only decoding tells

    def __init__(self, path: str | Path) -> None:
        import av

        self._path, self._error = path, av.FFmpegError
        try:
            self._container = av.open(str(path))
        except (av.FFmpegError, ValueError, UnicodeError) as error:
            raise SoundError(path, f"cannot be opened as compressed sound ({_reason(error)}).") from None
        streams = self._container.streams.audio
        if not streams:
            self.close()
            raise SoundError(path, "holds no sound: a film without a sound track, or pictures?")
        self._stream = streams[0]
        context = self._stream.codec_context
        self.sample_rate_hz, self.channels = int(context.sample_rate or 0), int(context.channels or 0)
        self.speakers = tuple(channel.name for channel in context.layout.channels) if self.channels > 2 else ()
        self.is_16_bit = False
        self._resampler: Any = av.AudioResampler(format="flt")  # joins planes; rate and channels stay
        self._blocks = self._decoded()
        self._rest = np.zeros((0, max(1, self.channels)), dtype=np.float32)
        self._end = self._told_frames()

    def _told_frames(self) -> int | None:
        """What an MP4 file says to the sample; the decoder gives whole frames, the last one filled up."""
        stream = self._stream
        if "mp4" not in self._container.format.name or stream.duration is None or stream.time_base is None:
            return None
        return round(float(stream.duration * stream.time_base) * self.sample_rate_hz)

    def _decoded(self) -> Iterator[np.ndarray]:
        given = 0
        for frame in self._container.decode(self._stream):
            for whole in self._resampler.resample(frame):
                block = whole.to_ndarray().reshape(-1, self.channels)
                block = block if self._end is None else block[: max(0, self._end - given)]
                given += len(block)
                yield block
        promised = self._stream.duration and float(self._stream.duration * self._stream.time_base)
        if promised and self._container.format.name not in ("aac", "amr", "ac3", "loas"):  # those estimate it
            missing = promised - given / self.sample_rate_hz
            if missing > max(SHORT_SECONDS, 0.02 * promised):
                raise SoundError(self._path, CUT_OFF)

    def read(self, frames: int) -> np.ndarray:
        """At most `frames` frames, (frames, channels) float32; none at the end. Raises SoundError."""
        try:
            while len(self._rest) < frames and (block := next(self._blocks, None)) is not None:
                self._rest = np.concatenate([self._rest, block])
        except self._error:
            raise SoundError(self._path, DAMAGED) from None
        block, self._rest = self._rest[:frames], self._rest[frames:]
        return block

    def close(self) -> None:
        self._container.close()


def _reason(error: Exception) -> str:
    """FFmpeg's words without the file's name."""
    return str(getattr(error, "strerror", None) or error).split(":")[0].strip().rstrip(".").lower()
