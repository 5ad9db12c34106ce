"""What the header of a WAV file promises, where it is wrong, and what stands in place of it.

Programs that write into a pipe cannot go back and fill in the sizes: they leave 0 or 0xFFFFFFFF there. Others write the
size of the file where the size of the sound belongs. libsndfile reads nothing, or all but the end, of such files.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from trainables.data.sound.problems import CUT_OFF, SoundError

UNKNOWN_BYTES = 0x7FFF_0000  # sizes from here up are written before the length is known: they promise nothing
FORGIVEN_BYTES = 64  # of a size that counts the header too: it has 44 bytes and more
MOST_CHUNKS = 10_000
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
MPEG = (0x50, 0x55)  # MPEG audio inside WAV
# Bits of the mask of speakers, in the order of their channels
SPEAKERS = ("FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR")


@dataclass(frozen=True)
class Wav:
    """The format and the place of the sound. `promised` is None where the header does not know."""

    tag: int  # of the format; of the extension, where there is one
    channels: int
    sample_rate_hz: int
    block_bytes: int  # of one frame, where samples are not compressed
    bits: int
    mask: int  # of speakers; 0: not said
    data_at: int
    promised: int | None
    file_bytes: int
    tail: bytes  # what follows the sound, where its size is known

    @property
    def data_end(self) -> int:
        return self.file_bytes if self.promised is None else min(self.data_at + self.promised, self.file_bytes)

    @property
    def is_plain(self) -> bool:
        """Whether frames lie one after another, and their size is what the format says."""
        known = 0 < self.channels <= 64 and self.sample_rate_hz > 0
        return known and self.block_bytes == self.channels * self.bits // 8

    @property
    def speakers(self) -> tuple[str, ...]:
        """Of each channel, where the file says so."""
        found = tuple(name for bit, name in enumerate(SPEAKERS) if self.mask >> bit & 1)
        return found if len(found) == self.channels else ()


def read_wav(path: str | Path, file: BinaryIO, file_bytes: int) -> Wav | None:
    """None where the chunks of a header cannot be followed: libsndfile then says what is wrong, if anything is.

    Raises SoundError: the sound is cut off, or another file follows in the same one.
    """
    fmt, data_at, promised = b"", 0, 0
    file.seek(0)
    if file.read(12)[:4] != b"RIFF":  # RF64, RIFX and W64 are read as libsndfile reads them
        return None
    for name, size, at in _chunks(file):
        if name == b"fmt " and 16 <= size <= 1024:
            fmt = file.read(min(size, 40))
        elif name == b"data":
            data_at, promised = at, size
            break
    if len(fmt) < 16 or not data_at:
        return None
    tail = b""
    if data_at + promised < file_bytes:
        file.seek(data_at + promised + promised % 2)
        tail = file.read(12)
    tag, channels, rate, _, block_bytes, bits = struct.unpack("<HHIIHH", fmt[:16])
    mask = 0
    if tag == EXTENSIBLE and len(fmt) >= 26:
        mask, tag = struct.unpack("<IH", fmt[20:26])
    present = file_bytes - data_at
    known: int | None = promised
    if promised >= UNKNOWN_BYTES or (promised == 0 and present > 0 and not _is_chunk(tail, present)):
        known, tail = None, b""
    elif is_cut(promised, present, file_bytes):
        raise SoundError(path, CUT_OFF)
    if tail[:4] in (b"RIFF", b"RF64") and tail[8:12] == b"WAVE":
        raise SoundError(path, "holds two WAV files, one written after the other: divide it, or join them with ffmpeg.")
    return Wav(tag, channels, rate, block_bytes, bits, mask, data_at, known, file_bytes, tail)


def is_cut(promised: int, present: int, file_bytes: int) -> bool:
    """Whether sound is missing of the bytes that a header promises. Sizes near the type's largest promise nothing; a
    few bytes too many, and the size of the file in place of that of its sound, are mistakes of the writer."""
    wrong = promised in (file_bytes, file_bytes - 8) or promised - present <= FORGIVEN_BYTES
    return present < promised < UNKNOWN_BYTES and not wrong


def repaired(path: str | Path, wav: Wav) -> bytes | None:
    """The header with the sizes that the file really has, where it says 0; None where libsndfile reads it as it is."""
    if wav.promised is not None or wav.file_bytes >= UNKNOWN_BYTES:
        return None
    with open(path, "rb") as file:
        header = bytearray(file.read(wav.data_at))
    sound = wav.file_bytes - wav.data_at
    header[4:8] = struct.pack("<I", wav.file_bytes - 8)
    header[-4:] = struct.pack("<I", sound - sound % max(1, wav.block_bytes))
    return bytes(header)


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """(name, size as written, where its content starts) of each chunk; the file stands at the content."""
    at = 12
    for _ in range(MOST_CHUNKS):
        file.seek(at)
        header = file.read(8)
        if len(header) < 8:
            return
        size = int.from_bytes(header[4:], "little")
        yield header[:4], size, at + 8
        at += 8 + size + size % 2


def _is_chunk(start: bytes, present: int) -> bool:
    """Whether bytes look like the header of a chunk that ends inside the file."""
    name, size = start[:4], int.from_bytes(start[4:8], "little")
    return len(start) >= 8 and name.isascii() and name.decode().isprintable() and size <= present - 8
