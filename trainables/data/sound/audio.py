"""Audio files to waveforms: mono, float32, at the rate that is asked for.

soundfile decodes (WAV, FLAC, Vorbis, Opus, MP3 and whatever else its libsndfile reads); torchaudio resamples and is
imported when a rate really changes. Every function raises `InputError` with one sentence that names the file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from trainables.data.examples import AudioPiece, Example
from trainables.errors import InputError

LONGEST_SECONDS = 3600.0  # longer files are a mistake in the data, or an attack on the memory
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 1000, 768_000
MOST_CHANNELS = 64
MOST_BYTES = 16 << 30  # of a file: an hour of 64 channels at 16 bits and 32 kHz is 15 GB
BLOCK_SAMPLES = 1 << 20  # decoded at once, all channels together
LOUDEST_SAMPLE = 100.0  # full scale is 1.0; far beyond it the samples were never scaled
STOPBAND_DB = 50.0  # of one pass; filtering forwards and backwards doubles it
FILTER_ORDER = 12


@dataclass(frozen=True)
class AudioInfo:
    """What a file's header says."""

    sample_rate_hz: int
    channels: int
    frames: int
    seconds: float


def probe(path: str | Path) -> AudioInfo:
    """Reads the header only. Raises InputError: missing, not audio, no samples, cut off, absurdly long."""
    with _open(path) as file:
        return _checked_info(path, file)


def load_waveform(example: Example, sample_rate_hz: int, limit_seconds: float | None = None) -> np.ndarray:
    """The sound: channels averaged (or one taken), pieces joined, cropped, resampled, low-passed, in this order.

    Returns (samples,) float32 at `sample_rate_hz`; a crop of s seconds has round(s * sample_rate_hz) samples, fewer
    where the sound ends before. `limit_seconds` shortens it further, without decoding the rest. Deterministic.
    Raises InputError: as `probe`, and what only decoding shows (broken data, NaN, a crop outside the sound).
    """
    start, end = example.start_seconds, math.inf
    if example.seconds is not None:
        end = start + example.seconds
    if limit_seconds is not None:
        end = min(end, start + limit_seconds)
    chunks: list[tuple[int, np.ndarray]] = []
    position = 0.0  # of the piece that comes next, on the joined time line
    for piece in example.audio:
        info = probe(piece.path)
        first, last = piece_bounds(piece, info)
        from_seconds = first + max(start - position, 0.0)
        to_seconds = min(last, first + end - position)
        position += last - first
        if to_seconds > from_seconds:
            chunks.append((info.sample_rate_hz, _read(piece.path, from_seconds, to_seconds, piece.channel)))
    if position > LONGEST_SECONDS:
        raise InputError(f"{example.id}: {_too_long(position)}")
    if not chunks:
        raise InputError(f"{example.id}: {crop_problem(example, position)}")
    waveform = _joined(chunks, sample_rate_hz)
    if math.isfinite(end):
        waveform = waveform[: round((end - start) * sample_rate_hz)]
    if example.lowpass_hz is not None:
        waveform = lowpass(waveform, sample_rate_hz, example.lowpass_hz)
    return np.ascontiguousarray(waveform, dtype=np.float32)


def piece_bounds(piece: AudioPiece, info: AudioInfo) -> tuple[float, float]:
    """Where a piece starts and ends in its file, in seconds. Raises InputError: it starts behind the file's end, or
    names a channel that the file lacks."""
    if piece.channel is not None and piece.channel >= info.channels:
        raise InputError(
            f"{piece.path}: channel {piece.channel} is wanted and the file has {info.channels}; channels are counted "
            "from 0."
        )
    if not 0 <= piece.start_seconds < info.seconds:
        raise InputError(
            f"{piece.path}: a piece starts at {piece.start_seconds:g} s and the file has {info.seconds:.3g} s"
            f"{_milliseconds_hint(piece.start_seconds, info.seconds)}."
        )
    if piece.seconds is None:
        return piece.start_seconds, info.seconds
    if not piece.seconds > 0:
        raise InputError(f"{piece.path}: a piece of {piece.seconds:g} seconds holds nothing; give a positive length.")
    return piece.start_seconds, min(info.seconds, piece.start_seconds + piece.seconds)


def crop_problem(example: Example, joined_seconds: float) -> str | None:
    """None where the example's crop and low-pass make sense on `joined_seconds` of sound, else what is wrong."""
    if not 0 <= example.start_seconds < joined_seconds:
        return (
            f"start_seconds is {example.start_seconds:g} and the sound has {joined_seconds:.3g} s"
            f"{_milliseconds_hint(example.start_seconds, joined_seconds)}."
        )
    if example.seconds is not None and not example.seconds > 0:
        return f"seconds must be above 0, is {example.seconds:g}."
    if example.lowpass_hz is not None and not example.lowpass_hz >= 50:
        hint = " (kilohertz where hertz was meant?)" if example.lowpass_hz > 0 else ""
        return f"lowpass_hz must be at least 50, is {example.lowpass_hz:g}{hint}."
    return None


def lowpass(waveform: np.ndarray, sample_rate_hz: int, cutoff_hz: float) -> np.ndarray:
    """Removes everything from `cutoff_hz` up by 100 dB, without moving anything in time. (samples,) -> (samples,).

    Chebyshev's second filter, forwards and backwards: the stop band starts at `cutoff_hz` and not, as a Butterworth's
    3 dB point would have it, somewhat above, so that two recordings of different bandwidth really become alike.
    """
    from scipy.signal import cheby2, sosfiltfilt

    if cutoff_hz >= sample_rate_hz / 2:
        return waveform
    sections = cheby2(FILTER_ORDER, STOPBAND_DB, cutoff_hz, output="sos", fs=sample_rate_hz)
    padding = min(len(waveform) - 1, 6 * FILTER_ORDER)
    filtered = sosfiltfilt(sections, waveform.astype(np.float64), padlen=padding)
    return np.asarray(filtered, dtype=np.float32)


def resample(waveform: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """(samples,) float32 -> (ceil(samples * to_hz / from_hz),) float32; torchaudio's windowed sinc."""
    if from_hz == to_hz:
        return waveform
    import torch

    with torch.inference_mode():
        resampled = _resampler(from_hz, to_hz)(torch.from_numpy(np.ascontiguousarray(waveform)))
    return np.asarray(resampled.numpy())


@lru_cache(maxsize=16)
def _resampler(from_hz: int, to_hz: int) -> Any:
    from torchaudio.transforms import Resample

    return Resample(from_hz, to_hz)


def _joined(chunks: list[tuple[int, np.ndarray]], sample_rate_hz: int) -> np.ndarray:
    rates = {rate for rate, _ in chunks}
    if len(rates) == 1:  # join first: the resampler then sees no edge at a join
        return resample(np.concatenate([chunk for _, chunk in chunks]), rates.pop(), sample_rate_hz)
    return np.concatenate([resample(chunk, rate, sample_rate_hz) for rate, chunk in chunks])


def _read(path: str, from_seconds: float, to_seconds: float, channel: int | None) -> np.ndarray:
    """A stretch of a file, mono: (frames,) float32, at the file's own rate."""
    with _open(path) as file:
        start = min(round(from_seconds * file.samplerate), file.frames - 1)
        wanted = math.ceil((to_seconds - from_seconds) * file.samplerate - 1e-6)
        stop = min(start + max(wanted, 1), file.frames)
        try:
            file.seek(start)
            mono = np.concatenate([_mono(block, channel) for block in _blocks(file, stop - start)])
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise InputError(f"{path}: cannot be decoded ({_reason(error)}); is the file cut off or damaged?") from None
    if len(mono) < stop - start:
        raise InputError(f"{path}: ends after {len(mono)} of {stop - start} frames; the file is cut off.")
    if not np.isfinite(mono).all():
        raise InputError(f"{path}: holds samples that are no numbers (NaN or infinity); record or convert it again.")
    loudest = float(np.abs(mono).max())
    if loudest > LOUDEST_SAMPLE:
        raise InputError(
            f"{path}: holds a sample of {loudest:.4g} where full scale is 1 (integers written as floats?); "
            "divide the samples by 32768 or convert the file again."
        )
    return mono


def _blocks(file: soundfile.SoundFile, frames: int) -> Iterator[np.ndarray]:
    """At most `frames` frames, (frames, channels) float32, a block at a time; fewer where the data ends."""
    left = frames
    while left > 0:
        block: np.ndarray = file.read(min(left, BLOCK_SAMPLES // file.channels), dtype="float32", always_2d=True)
        yield block
        left = left - len(block) if len(block) else 0


def _mono(block: np.ndarray, channel: int | None) -> np.ndarray:
    """(frames, channels) -> (frames,), a copy of its own: `channel`, or the mean of all."""
    one = 0 if block.shape[1] == 1 else channel
    mono: np.ndarray = block.mean(axis=1, dtype=np.float32) if one is None else block[:, one].copy()
    return mono


def _open(path: str | Path) -> soundfile.SoundFile:
    try:
        if not Path(path).is_file():
            what = "is a folder, not a file" if Path(path).is_dir() else "does not exist"
            raise InputError(f"{path}: {what}.")
        size_bytes = Path(path).stat().st_size
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise InputError(f"{path}: cannot be opened ({error.strerror}).") from None
    if size_bytes == 0:
        raise InputError(f"{path}: is empty (0 bytes).")
    if size_bytes > MOST_BYTES:
        raise InputError(f"{path}: is larger than {MOST_BYTES >> 30} GiB; cut it into clips.")
    try:
        return soundfile.SoundFile(str(path))
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise InputError(f"{path}: is no audio file that libsndfile can read ({_reason(error)}).") from None


def _checked_info(path: str | Path, file: soundfile.SoundFile) -> AudioInfo:
    rate, frames = int(file.samplerate), int(file.frames)
    if frames <= 0:
        raise InputError(f"{path}: holds no samples (0 frames).")
    if rate < LOWEST_RATE_HZ:
        raise InputError(f"{path}: has a sample rate of {rate} Hz (kilohertz where hertz was meant?).")
    if rate > HIGHEST_RATE_HZ:
        raise InputError(f"{path}: has a sample rate of {rate} Hz; at most {HIGHEST_RATE_HZ} is read.")
    if file.channels > MOST_CHANNELS:
        raise InputError(f"{path}: has {file.channels} channels; at most {MOST_CHANNELS} are read.")
    if frames / rate > LONGEST_SECONDS:
        raise InputError(f"{path}: {_too_long(frames / rate)}")
    missing = _missing_share(file.extra_info)
    if missing:
        raise InputError(f"{path}: is cut off; {missing:.0%} of the sound that its header promises is missing.")
    return AudioInfo(rate, int(file.channels), frames, frames / rate)


def _missing_share(header_log: str) -> float:
    """Share of a WAV file's data that its header promises and the file lacks, from libsndfile's log of the header.

    Sizes near the type's largest are what programs write into a pipe before they know the length: they promise nothing.
    """
    for line in header_log.splitlines():
        words = line.replace("(", " ").replace(")", " ").split()
        if words[:2] == ["data", ":"] and words[3:5] == ["should", "be"] and words[2].isdigit() and words[5].isdigit():
            promised, found = int(words[2]), int(words[5])
            if found < promised < 0x7FFF_0000:
                return 1 - found / promised
    return 0.0


def _too_long(seconds: float) -> str:
    return f"lasts {seconds / 3600:.3g} hours; at most {LONGEST_SECONDS / 3600:g} is read. Cut it into clips."


def _milliseconds_hint(start: float, available: float) -> str:
    return " (milliseconds where seconds were meant?)" if available <= start < available * 1000 and start >= 20 else ""


def _reason(error: Exception) -> str:
    return str(error).split(": ", 1)[-1].strip().rstrip(".")
