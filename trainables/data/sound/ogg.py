"""The pages of an Ogg file: whether it ends in the middle of one, and where one recording follows another.

RFC 3533. Files that were written one after the other are valid Ogg, and libsndfile reads the first of them.
"""

from __future__ import annotations

import mmap
from pathlib import Path

from trainables.data.sound.problems import SoundError

HEADER_BYTES = 27
BEGINS = 2  # flag of a page that begins a stream


def recordings(path: str | Path) -> list[tuple[int, int]]:
    """(first byte, last byte) of each recording in the file, in order; usually one, and at least one.

    Raises SoundError: the last page is not whole.
    """
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        starts: list[int] = []
        at, in_sound = 0, True
        while at < len(data):
            if data[at : at + 4] != b"OggS":
                at = data.find(b"OggS", at)  # something between pages, which decoders step over
                if at < 0:
                    break
            end = _page_end(data, at)
            if end is None or end > len(data):
                raise SoundError(path, "is cut off: it ends in the middle of an Ogg page.")
            begins = bool(data[at + 5] & BEGINS)
            if begins and in_sound:
                starts.append(at)
            in_sound = not begins
            at = end
        size = len(data)
    return list(zip(starts, [*starts[1:], size], strict=True)) if starts else [(0, size)]


def _page_end(data: mmap.mmap, at: int) -> int | None:
    if at + HEADER_BYTES > len(data):
        return None
    segments = data[at + 26]
    lengths = data[at + HEADER_BYTES : at + HEADER_BYTES + segments]
    return at + HEADER_BYTES + segments + sum(lengths) if len(lengths) == segments else None
