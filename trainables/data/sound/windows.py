"""A part of a file as a file of its own, with other first bytes or a larger size claimed where its header is wrong."""

from __future__ import annotations

import io
from pathlib import Path

CLAIMED_END_BYTES = 128  # decoders of MPEG audio look for a tag of that size at the end


class Window(io.RawIOBase):
    """Bytes `first` to `last` of a file. `patch` stands in place of its first bytes.

    `claimed` is the size that seeking to the end gives: mpg123 estimates from it how much an MP3 without a table of
    contents holds, and libsndfile stops there. Between the true end and the claimed one reading ends, as at the end.
    """

    def __init__(
        self, path: str | Path, first: int, last: int, *, patch: bytes = b"", claimed: int | None = None
    ) -> None:
        self._file = open(path, "rb")  # noqa: SIM115 - closed by close()
        self._first, self._bytes = first, last - first
        self._patch, self._size = patch, claimed or last - first
        self._at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = len(buffer)
        if self._at >= self._bytes:
            behind = self._size > self._bytes and self._at >= self._size - CLAIMED_END_BYTES
            read = bytes(max(0, min(wanted, self._size - self._at))) if behind else b""
        elif self._at < len(self._patch):
            read = self._patch[self._at : self._at + wanted]
        else:
            self._file.seek(self._first + self._at)
            read = self._file.read(min(wanted, self._bytes - self._at))
        buffer[: len(read)] = read
        self._at += len(read)
        return len(read)

    def close(self) -> None:
        self._file.close()
        super().close()
