"""Of a file its size and three short pieces, hashed: what differs in them is no copy of it."""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from zlib import crc32

PIECE_BYTES = 4096  # read at both ends and in the middle of every file


@dataclass(frozen=True, slots=True)
class Pieces:
    place: Hashable  # equal for names of one file on the disk
    size_bytes: int
    all: int  # a hash of them; files of equal ones, as large, are looked at closely
    middle: int  # a hash of that in the middle
    zeros: bool  # in the middle


def pieces_of(paths: Sequence[str]) -> list[Pieces]:
    """Raises OSError: a file cannot be read."""
    return [_pieces(path) for path in paths]


def _pieces(path: str) -> Pieces:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(descriptor)
        size = status.st_size
        if size <= PIECE_BYTES:
            head = middle = os.read(descriptor, PIECE_BYTES)
            tail = b""
        else:
            os.lseek(descriptor, size // 2 - PIECE_BYTES // 2, os.SEEK_SET)
            middle = os.read(descriptor, PIECE_BYTES)
            os.lseek(descriptor, 0, os.SEEK_SET)
            head = os.read(descriptor, PIECE_BYTES)
            os.lseek(descriptor, size - PIECE_BYTES, os.SEEK_SET)
            tail = os.read(descriptor, PIECE_BYTES)
    finally:
        os.close(descriptor)
    place = f"{status.st_dev} {status.st_ino}" if status.st_ino else os.path.realpath(path)
    of_middle = crc32(middle)
    every = crc32(head) << 64 | of_middle << 32 | crc32(tail)
    return Pieces(place, size, every, of_middle, not any(middle))
