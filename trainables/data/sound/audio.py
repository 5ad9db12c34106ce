"""Audio files to waveforms: mono, float32, at the rate that is asked for.

`decoders.py` decodes, `channels.py` makes one channel of several; torchaudio resamples and is imported when a rate
really changes. Every function raises `InputError` with one sentence that names the file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainables.data.examples import AudioPiece, Example
from trainables.data.sound import channels
from trainables.data.sound.channels import Levels
from trainables.data.sound.filters import lowpass, resample
from trainables.data.sound.problems import SoundError
from trainables.data.sound.recording import AudioInfo, Recording
from trainables.data.sound.stretches import LONGEST_SECONDS, crop_problem, piece_bounds, too_long
from trainables.errors import InputError

LOUDEST_SAMPLE = 100.0  # full scale is 1.0; far beyond it the samples were never scaled


@dataclass(frozen=True)
class Heard:
    """A piece of an example as it was decoded, before resampling."""

    waveform: np.ndarray  # (frames,) float32, mono
    info: AudioInfo
    rule: int  # of `channels.py`
    levels: Levels
    is_16_bit: bool  # of the file


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file, in its frames."""

    piece: AudioPiece
    info: AudioInfo
    start: int
    stop: int


def probe(path: str | Path) -> AudioInfo:
    """Reads the header, or decodes a file whose header does not say how long it is. Raises SoundError: missing, not
    audio, no samples, cut off, absurdly long."""
    with Recording(path) as recording:
        return recording.info


def headers_of(paths: Sequence[str]) -> list[AudioInfo | tuple[str, ...]]:
    """Of each file its header, or what is wrong with it."""
    found: list[AudioInfo | tuple[str, ...]] = []
    for path in paths:
        try:
            found.append(probe(path))
        except InputError as error:
            found.append(error.problems)
    return found


def load_waveform(example: Example, sample_rate_hz: int, limit_seconds: float | None = None) -> np.ndarray:
    """The example's sound: channels mixed (or one taken), pieces joined, cropped, resampled, low-passed, in this order.

    Returns (samples,) float32 at `sample_rate_hz`; a crop of s seconds has round(s * sample_rate_hz) samples, fewer
    where the sound ends before. `limit_seconds` shortens it further, without decoding the rest. Deterministic.
    Raises InputError: as `probe`, and what only decoding shows (broken data, NaN, a crop outside the sound).
    """
    with Decoder() as decoder:
        return as_waveform(example, decoder.heard(example, limit_seconds), sample_rate_hz, limit_seconds)


class Decoder:
    """Decodes examples, and keeps the file of the last one open: clips of one recording cost one pass in order."""

    def __init__(self) -> None:
        self._open: Recording | None = None

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def recording(self, path: str) -> Recording:
        """Open, whatever was open before; raises SoundError."""
        if self._open is None or self._open.path != path:
            self.close()
            self._open = Recording(path)
        return self._open

    def heard(self, example: Example, limit_seconds: float | None = None) -> list[Heard]:
        """The pieces that the crop reaches, in order; as `load_waveform` otherwise."""
        return [
            _read(self.recording(span.piece.path), span)
            for span in spans(example, lambda path: self.recording(path).info, limit_seconds)
        ]


def spans(example: Example, info_of: Callable[[str], AudioInfo], limit_seconds: float | None = None) -> Iterator[Span]:
    """The stretches of files that the crop reaches, in order; `info_of` is asked for a file's header when its turn
    comes. Raises InputError as `load_waveform` for what headers show."""
    start, end = reach(example, limit_seconds)
    heard_seconds = 0.0
    position = 0.0  # of the piece that comes next, on the joined time line
    for piece in example.audio:
        info = info_of(piece.path)
        first, last = piece_bounds(piece, info)
        from_seconds = first + max(start - position, 0.0)
        to_seconds = min(last, first + end - position)
        position += last - first
        if to_seconds > from_seconds:
            heard_seconds += to_seconds - from_seconds
            if heard_seconds > LONGEST_SECONDS:
                raise InputError(f"{example.id}: {too_long(heard_seconds)}")
            begin = min(round(from_seconds * info.sample_rate_hz), info.frames - 1)
            wanted = math.ceil((to_seconds - from_seconds) * info.sample_rate_hz - 1e-6)
            yield Span(piece, info, begin, min(begin + max(wanted, 1), info.frames))
    if not heard_seconds:
        raise InputError(f"{example.id}: {crop_problem(example, position)}")


def as_waveform(
    example: Example, heard: list[Heard], sample_rate_hz: int, limit_seconds: float | None = None
) -> np.ndarray:
    """What `load_waveform` returns, of what was decoded."""
    start, end = reach(example, limit_seconds)
    waveform = _joined([(part.info.sample_rate_hz, part.waveform) for part in heard], sample_rate_hz)
    if math.isfinite(end):
        waveform = waveform[: round((end - start) * sample_rate_hz)]
    if example.lowpass_hz is not None:
        waveform = lowpass(waveform, sample_rate_hz, example.lowpass_hz)
    return np.ascontiguousarray(waveform, dtype=np.float32)


def reach(example: Example, limit_seconds: float | None) -> tuple[float, float]:
    """From where to where an example is heard, on the joined time line."""
    start, end = example.start_seconds, math.inf
    if example.seconds is not None:
        end = start + example.seconds
    if limit_seconds is not None:
        end = min(end, start + limit_seconds)
    return start, end


def _joined(chunks: list[tuple[int, np.ndarray]], sample_rate_hz: int) -> np.ndarray:
    rates = {rate for rate, _ in chunks}
    if len(rates) == 1:  # join first: the resampler then sees no edge at a join
        whole = chunks[0][1] if len(chunks) == 1 else np.concatenate([chunk for _, chunk in chunks])
        return resample(whole, rates.pop(), sample_rate_hz)
    return np.concatenate([resample(chunk, rate, sample_rate_hz) for rate, chunk in chunks])


def _read(recording: Recording, span: Span) -> Heard:
    """A stretch of a file, at the file's own rate."""
    mono, rule, levels = channels.mono(
        lambda: recording.blocks(span.start, span.stop), recording.channels, recording.speakers, span.piece.channel
    )
    _check_samples(recording.path, mono, levels)
    return Heard(mono, span.info, rule, levels, recording.is_16_bit)


def _check_samples(path: str | Path, mono: np.ndarray, levels: Levels) -> None:
    loudest = float(levels.peaks[0] if len(levels.peaks) == 1 else max(mono.max(), -mono.min()))  # NaN where one is
    if not math.isfinite(loudest):
        raise SoundError(path, "holds samples that are no numbers (NaN or infinity); record or convert it again.")
    if loudest > LOUDEST_SAMPLE:
        raise SoundError(
            path,
            f"holds a sample of {loudest:.4g} where full scale is 1 (integers written as floats?); "
            "divide the samples by 32768 or convert the file again.",
        )
