"""The headers of MPEG audio (MP1, MP2, MP3): which recordings a file holds, and which of them say how long they are.

A frame with a table (`Xing`, or `Info` at a constant rate) stands before the sound of a file whose writer could go back
and fill it in. It gives the number of frames and bytes. Without it libsndfile estimates the length from the first
frame and reads no further: of a variable rate less than there is, or it promises more.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from pathlib import Path

from trainables.data.sound.problems import CUT_OFF, SoundError

_BITRATES = {  # (version 1?, layer) -> kbit/s by index
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}  # by version's bits
LARGEST_FRAME_BYTES = 2881
SEARCHED_BYTES = 1 << 16  # behind tags, for the first frame
HAS_FRAMES, HAS_BYTES = 1, 2  # of a table


@dataclass(frozen=True)
class Stretch:
    """Bytes that are decoded by themselves. `counted`: the table says how many frames, and all are there."""

    first: int
    last: int
    counted: bool


def recordings(path: str | Path, first: int = 0, last: int | None = None) -> list[Stretch]:
    """The recordings of a file, or of its bytes `first` to `last`; empty where no frame is found.

    Raises SoundError: a table counts more bytes than are there.
    """
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        last = len(data) if last is None else min(last, len(data))
        first = _after_tags(data, first, last)
        tables = _tables(data, first, last)
        found: list[Stretch] = []
        at = first
        for number, table in enumerate(tables):
            if table < at:
                continue
            found += _untold(data, at, table)
            end = tables[number + 1] if number + 1 < len(tables) else last
            stretch = _told(path, data, table, end)
            found.append(stretch)
            at = stretch.last
        return found + _untold(data, at, last)


def frame_bytes(header: bytes) -> int | None:
    """How long a frame is, from its first four bytes; None where they begin none (or one of free format)."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bitrate, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return None
    bits_per_second = 1000 * _BITRATES[version == 3, layer][bitrate]
    rate_hz = _RATES_HZ[version][rate]
    if layer == 1:
        return (12 * bits_per_second // rate_hz + padding) * 4
    return (144 if version == 3 or layer == 2 else 72) * bits_per_second // rate_hz + padding


def _tables(data: mmap.mmap, first: int, last: int) -> list[int]:
    names = re.compile(rb"Xing|Info").finditer(data, first, last)
    return [at for at in (_table(data, name.start()) for name in names) if at is not None]


def _table(data: mmap.mmap, name_at: int) -> int | None:
    """Where the frame starts whose table has its name at `name_at`; None where no frame's table would stand there."""
    for crc in (0, 2):
        for side_bytes in (32, 17, 9):
            at = name_at - 4 - side_bytes - crc
            if at < 0 or frame_bytes(data[at : at + 4]) is None:
                continue
            mono, new = data[at + 3] >> 6 == 3, data[at + 1] >> 3 & 3 == 3
            if side_bytes == (17 if mono == new else 32 if new else 9):
                return at
    return None


def _told(path: str | Path, data: mmap.mmap, at: int, end: int) -> Stretch:
    """The recording whose table stands in the frame at `at`; the next table, or the file's end, is at `end`."""
    name_at = next(i for i in (data.find(b"Xing", at, at + 48), data.find(b"Info", at, at + 48)) if i >= 0)
    flags = int.from_bytes(data[name_at + 4 : name_at + 8], "big")
    if flags & (HAS_FRAMES | HAS_BYTES) != HAS_FRAMES | HAS_BYTES:
        return Stretch(at + (frame_bytes(data[at : at + 4]) or 0), end, counted=False)
    promised = int.from_bytes(data[name_at + 12 : name_at + 16], "big")
    if at + promised > end + LARGEST_FRAME_BYTES:
        raise SoundError(path, CUT_OFF)
    if at + promised > end or promised < LARGEST_FRAME_BYTES:
        return Stretch(at, end, counted=at + promised <= end)
    return Stretch(at, at + promised, counted=True)


def _after_tags(data: mmap.mmap, at: int, last: int) -> int:
    while data[at : at + 3] == b"ID3" and at + 10 <= last:
        sizes = data[at + 6 : at + 10]
        at += 10 + (sizes[0] << 21 | sizes[1] << 14 | sizes[2] << 7 | sizes[3])
    return min(at, last)


def _untold(data: mmap.mmap, first: int, last: int) -> list[Stretch]:
    """What lies there beside tags, where it holds frames: at least two, one right after the other."""
    at = _after_tags(data, first, last)
    stop = min(last, at + SEARCHED_BYTES)
    while (at := data.find(b"\xff", at, stop)) >= 0:
        size = frame_bytes(data[at : at + 4])
        if size is not None and at + size < last:
            follows = data[at + size : at + size + 4]
            if frame_bytes(follows) is not None and follows[1] == data[at + 1]:
                return [Stretch(at, last, counted=False)]
        at += 1
    return []
