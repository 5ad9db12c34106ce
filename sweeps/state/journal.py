"""An append-only record of what was decided: one line of JSON an event, on the disk before anything rests on it."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainables.data.atomic import sync

Event = Mapping[str, Any]
JOURNAL = "journal.jsonl"  # of a sweep, in its folder, and of a stage, in its own


class Journal:
    """The events of one stage or one sweep, in the order in which they were written.

    A line is a CRC-32 and the event's JSON. A machine that loses power may leave a last line that is cut short, or a
    tail of zeros: whatever follows the last whole line is cut off when the journal is opened. Floats keep every bit
    (JSON takes Python's shortest form that reads back the same).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.events, whole_bytes = _whole_lines(path)
        self._file = open(path, "ab")  # noqa: SIM115 - open for as long as the stage runs
        self._file.truncate(whole_bytes)
        sync(path.parent)

    def write(self, **event: Any) -> None:
        """Returns when the event is on the disk. Raises OSError where the disk does not take it; it is not in then."""
        text = json.dumps(event, separators=(",", ":"))
        start = self._file.tell()
        try:
            self._file.write(_line(text))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError:
            self._file.truncate(start)
            raise
        self.events.append(json.loads(text))

    def close(self) -> None:
        self._file.close()


def read_journal(path: Path) -> list[Event]:
    """The events that are there by now; changes nothing, so that a second process may look on."""
    return _whole_lines(path)[0]


class Tail:
    """A journal that another process writes, read piece by piece: each event once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read_bytes = 0
        self._inode = 0

    def new(self) -> list[Event]:
        """The events that have come since the last call; one `stat` where there are none."""
        try:
            found = self.path.stat()
        except OSError:
            return []
        self._inode = self._inode or found.st_ino
        if found.st_size <= self.read_bytes or self._inode != found.st_ino:
            return []
        with self.path.open("rb") as file:
            file.seek(self.read_bytes)
            events, whole_bytes = _whole(file.read())
        self.read_bytes += whole_bytes
        return events

    @property
    def replaced(self) -> bool:
        """Whether another file stands there now: what was read is of no use any more."""
        try:
            found = self.path.stat()
        except OSError:
            return self.read_bytes > 0
        return found.st_size < self.read_bytes or self._inode not in (0, found.st_ino)


def _line(text: str) -> bytes:
    return f"{zlib.crc32(text.encode()):08x} {text}\n".encode()


def _whole_lines(path: Path) -> tuple[list[Event], int]:
    """(events, bytes) up to the first line that is not whole."""
    return _whole(path.read_bytes() if path.is_file() else b"")


def _whole(content: bytes) -> tuple[list[Event], int]:
    texts: list[bytes] = []
    whole_bytes = 0
    for line in content.splitlines(keepends=True):
        checksum, _, text = line.rstrip(b"\n").partition(b" ")
        if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(text):
            break
        texts.append(text)
        whole_bytes += len(line)
    return _parsed(texts), whole_bytes


def _parsed(texts: Sequence[bytes]) -> list[Event]:
    """All at once, as one list: half the time of one by one, and each key is in memory once."""
    events: list[Event] = json.loads(b"[" + b",".join(texts) + b"]")
    return events if len(events) == len(texts) else [json.loads(text) for text in texts]
