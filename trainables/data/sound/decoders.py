"""Opens a file of sound with what decodes it, part by part, and says what its header promises.

libsndfile decodes whatever it reads; where it would take the wrong sizes from a header, it is given the right ones
(`riff.py`, `ogg.py`, `mpeg.py`, `windows.py`). Other formats go to `compressed.py`.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import soundfile

from trainables.data.sound import compressed, content, mpeg, ogg, riff
from trainables.data.sound.problems import CUT_OFF, DAMAGED, SoundError
from trainables.data.sound.wav_reader import WavReader
from trainables.data.sound.windows import Window

MOST_BYTES = 16 << 30  # of a file: a day of stereo at 16 bits and 48 kHz is 15.5 GiB
UNKNOWN_FRAMES = 1 << 60  # what libsndfile says where a header gives no length
CLAIMED_TIMES = 64  # the largest bit rate of MPEG audio is 40 times the smallest
# Samples that libsndfile finds to the sample; elsewhere what comes after a jump may be shifted or differ a little
_SOUGHT = re.compile(r"PCM_|FLOAT|DOUBLE|[UA]LAW")
_16_BIT = ("PCM_16", "PCM_S8", "PCM_U8", "ULAW", "ALAW", "ALAC_16")
_SHOULD_BE = re.compile(  # "SSND : 64008 (should be 38386)", of AIFF, 8SVX, AU, WVE, W64 and RF64
    r"^ *(?:SSND|BODY|data|Data Size|Data length|riff|Riff size)\s*:? (\d+) \(?should be (\d+)\)?", re.MULTILINE
)
_SAMPLE_COUNT = re.compile(rb"NIST_1A.*?sample_count -i (\d+)", re.DOTALL)  # of NIST SPHERE
_FLAC_SPEAKERS = {  # RFC 9639, table 13; libsndfile gives them in the file's order
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}
_VORBIS_SPEAKERS = {  # Vorbis I, section 4.3.9; Opus has the same
    3: ("FL", "FC", "FR"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FC", "FR", "BL", "BR"),
    6: ("FL", "FC", "FR", "BL", "BR", "LFE"),
    7: ("FL", "FC", "FR", "SL", "SR", "BC", "LFE"),
    8: ("FL", "FC", "FR", "SL", "SR", "BL", "BR", "LFE"),
}


class Reader(Protocol):
    """A file that is decoded forwards."""

    sample_rate_hz: int
    channels: int
    speakers: tuple[str, ...]  # of each channel, where the file says so
    promised: int | None  # frames; None: only decoding tells
    can_seek: bool  # to the sample
    is_16_bit: bool  # samples are whole multiples of 1/32768

    def read(self, frames: int) -> np.ndarray:
        """At most `frames` frames, (frames, channels) float32; none at the end. Raises SoundError."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class _Part:
    """Bytes of a file that libsndfile opens by themselves; the whole file where `last` is None."""

    first: int = 0
    last: int | None = None
    patch: bytes = b""
    counted: bool = True  # the header's number of frames can be believed
    measured: bool = False  # its header promises no size, or that was compared with the file's already


def open_reader(path: str | Path) -> Reader:
    """Raises SoundError: missing, empty, no sound, cut off."""
    file_bytes = _checked_bytes(path)
    try:
        file = open(path, "rb")  # noqa: SIM115 - a reader may keep it
    except OSError as error:
        raise SoundError(path, f"cannot be opened ({error.strerror}).") from None
    try:
        reader = _reader(path, file, file_bytes)
    except BaseException:
        file.close()
        raise
    if not isinstance(reader, WavReader):
        file.close()
    return reader


def _reader(path: str | Path, file: BinaryIO, file_bytes: int) -> Reader:
    head = file.read(content.HEAD_BYTES)
    wav = None
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        wav = riff.read_wav(path, file, file_bytes)
        if wav is not None and (wav.tag, wav.bits) in WavReader.FORMATS and wav.is_plain:
            return WavReader(path, file, wav)
    elif kind := content.compressed_kind(head):
        return _compressed(path, kind)
    parts, speakers = _parts(path, head, wav, file_bytes)
    try:
        reader = SoundfileReader(path, parts, speakers)
    except SoundError:
        if problem := content.not_sound(head):
            raise SoundError(path, problem) from None
        raise
    if (match := _SAMPLE_COUNT.match(head)) and int(match[1]) > (reader.promised or 0):
        reader.close()
        raise SoundError(path, CUT_OFF)
    return reader


def _compressed(path: str | Path, kind: str) -> Reader:
    if not compressed.is_installed():
        raise SoundError(path, f"is {kind}, {content.COMPRESSED_HOW}")
    return compressed.CompressedReader(path)


def _checked_bytes(path: str | Path) -> int:
    try:
        state = os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last: a name that no file can have
        raise SoundError(path, "does not exist.") from None
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise SoundError(path, f"cannot be opened ({error.strerror}).") from None
    if not stat.S_ISREG(state.st_mode):
        raise SoundError(path, "is a folder, not a file." if stat.S_ISDIR(state.st_mode) else "is no file.")
    if state.st_size == 0:
        raise SoundError(path, "is empty (0 bytes).")
    if state.st_size > MOST_BYTES:
        raise SoundError(path, f"is larger than {MOST_BYTES >> 30} GiB; cut it into parts.")
    return state.st_size


def _parts(path: str | Path, head: bytes, wav: riff.Wav | None, size_bytes: int) -> tuple[list[_Part], tuple[str, ...]]:
    """What libsndfile is to open, one after the other, and which speaker each channel is for."""
    if wav is not None:
        if wav.tag in riff.MPEG:
            return _mpeg_parts(path, wav.data_at, wav.data_end), ()
        if patch := riff.repaired(path, wav):
            return [_Part(0, size_bytes, patch, measured=True)], wav.speakers
        return [_Part(measured=True)], wav.speakers
    if head[:4] == b"OggS":
        spans = ogg.recordings(path)
        return [_Part(*span, measured=True) for span in spans] if len(spans) > 1 else [_Part(measured=True)], ()
    if _is_mpeg(head):
        return _mpeg_parts(path, 0, size_bytes), ()
    return [_Part(measured=head[:4] == b"fLaC")], ()


def _is_mpeg(head: bytes) -> bool:
    return mpeg.frame_bytes(head[:4]) is not None or (head[:3] == b"ID3" and len(head) > 10)


def _mpeg_parts(path: str | Path, first: int, last: int) -> list[_Part]:
    found = mpeg.recordings(path, first, last)
    if not found or (len(found) == 1 and found[0].counted and first == 0):
        return [_Part(measured=True)]
    return [_Part(stretch.first, stretch.last, counted=stretch.counted, measured=True) for stretch in found]


class _Forwards(soundfile.SoundFile):  # type: ignore[misc]
    """soundfile jumps to where it is after every read. A decoder of MP3 then lacks what earlier frames hold for the
    next, and gives other samples; where a header gives no length it cannot jump at all. It does not jump in what it
    takes for a pipe."""

    def seekable(self) -> bool:
        return False


class SoundfileReader:
    """The parts of a file, one after the other, through libsndfile."""

    def __init__(self, path: str | Path, parts: list[_Part], speakers: tuple[str, ...]) -> None:
        self._path, self._waiting = path, list(parts)
        self._window: Window | None = None
        self._file = self._next()
        first = self._file
        self.sample_rate_hz, self.channels = int(first.samplerate), int(first.channels)
        self.is_16_bit = first.subtype in _16_BIT
        if not speakers and first.format in ("FLAC", "OGG"):
            orders = _FLAC_SPEAKERS if first.format == "FLAC" or first.subtype == "FLAC" else _VORBIS_SPEAKERS
            speakers = orders.get(self.channels, ())
        self.speakers = speakers
        whole = len(parts) == 1 and parts[0].counted and int(first.frames) < UNKNOWN_FRAMES
        self.can_seek = whole and bool(_SOUGHT.match(first.subtype))
        self.promised = int(first.frames) if whole else self._counted(parts)

    def _counted(self, parts: list[_Part]) -> int | None:
        if not all(part.counted for part in parts) or int(self._file.frames) >= UNKNOWN_FRAMES:
            return None
        frames = int(self._file.frames)
        for part in parts[1:]:
            file, window = _opened(self._path, part)
            frames += int(file.frames)
            _close(file, window)
        return frames

    def _next(self) -> soundfile.SoundFile:
        part = self._waiting.pop(0)
        file, self._window = _opened(self._path, part)
        if not part.measured and _is_cut(file, Path(self._path).stat().st_size):
            _close(file, self._window)
            raise SoundError(self._path, CUT_OFF)
        return file

    def read(self, frames: int) -> np.ndarray:
        block = self._read(frames)
        while not len(block) and self._waiting:
            _close(self._file, self._window)
            self._file = self._next()
            if (int(self._file.samplerate), int(self._file.channels)) != (self.sample_rate_hz, self.channels):
                raise SoundError(
                    self._path,
                    "holds recordings of different sample rates or channels, one written after the other: divide it.",
                )
            block = self._read(frames)
        return block

    def _read(self, frames: int) -> np.ndarray:
        try:
            block: np.ndarray = self._file.read(frames, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError):
            raise SoundError(self._path, DAMAGED) from None
        return block

    def seek(self, frame: int) -> None:
        try:
            self._file.seek(frame)
        except (soundfile.LibsndfileError, RuntimeError):
            raise SoundError(self._path, DAMAGED) from None

    def close(self) -> None:
        _close(self._file, self._window)


def _opened(path: str | Path, part: _Part) -> tuple[soundfile.SoundFile, Window | None]:
    window = None
    if part.last is not None:
        claimed = None if part.counted else (part.last - part.first) * CLAIMED_TIMES + 1000
        window = Window(path, part.first, part.last, patch=part.patch, claimed=claimed)
    try:
        return _Forwards(window or str(path)), window
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        if window is not None:
            window.close()
        raise SoundError(path, f"is no audio file that libsndfile can read ({_reason(error)}).") from None


def _close(file: soundfile.SoundFile, window: Window | None) -> None:
    with suppress(soundfile.LibsndfileError, RuntimeError):
        file.close()
    if window is not None:
        window.close()


def _is_cut(file: soundfile.SoundFile, file_bytes: int) -> bool:
    """Whether a header promises more than there is, from libsndfile's log of it."""
    sizes = _SHOULD_BE.findall(file.extra_info)
    return any(riff.is_cut(int(promised), int(found), file_bytes) for promised, found in sizes)


def _reason(error: Exception) -> str:
    return str(error).split(": ", 1)[-1].strip().rstrip(".")
