"""Which files of a data set hold the same sound. Loads no torch.

Two files hold the same sound where they are one file (a link, another spelling of the path), where their bytes are the
same, or where they decode to the same samples at the same rate: WAV and FLAC of one take, a tag that differs. What a
codec changed is other sound here.

It stays cheap for large sets: of every file three short pieces are read; its bytes are compared whole only where these
agree with another's, and it is decoded only where rate, length and a few samples do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from trainables.data.decoding.files import for_each_file, parts_of
from trainables.data.decoding.jobs import pieces_in
from trainables.data.decoding.pieces import Pieces, pieces_of
from trainables.data.doubts.check import Header
from trainables.data.sound.digests import bytes_digest, is_silent, sound_digest, stretch_digest
from trainables.data.sound.endings import ending_of
from trainables.data.sound.recording import AudioInfo

THREADS = 8  # small reads: the wait is the disk's, and hashing and decoding let go of Python's lock
PLAIN = (
    ".wav",
    ".wave",
    ".aif",
    ".aiff",
    ".au",
    ".caf",
    ".w64",
)  # samples one after another, mostly: as long, as large
SILENT_BYTES = 0.1  # for a sample, at most, of a file of zeros that was compressed


Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class FileTraits:
    """What is known of a file without decoding all of it; 0 where its header cannot be read."""

    content: str  # equal where the sound is equal: the path of the first such file
    size_bytes: int
    sample_rate_hz: int = 0
    channels: int = 0
    frames: int = 0
    silent: bool = False  # every sample is zero

    @property
    def seconds(self) -> float:
        """Infinite where that is not known."""
        return self.frames / self.sample_rate_hz if self.frames else float("inf")


def read_traits(headers: Mapping[str, Header]) -> dict[str, FileTraits]:
    """`headers` are those of `read_headers`; returns path -> traits for each of them. Raises OSError: a file cannot be
    read."""
    paths = list(headers)
    with ThreadPoolExecutor(THREADS) as pool:
        pieces = dict(zip(paths, for_each_file("pieces", pieces_of, pieces_in, paths), strict=True))
        by_place = _equal(paths, lambda several: [pieces[path].place for path in several])
        by_bytes = _equal(
            _firsts(by_place),
            lambda several: [(pieces[path].size_bytes, pieces[path].all) for path in several],
            partial(_each, pool, bytes_digest),
        )
        readable = ((path, headers[path]) for path in _firsts(by_bytes))
        known = {path: header for path, header in readable if isinstance(header, AudioInfo)}
        lengths = {path: (info.sample_rate_hz, info.frames) for path, info in known.items()}
        uniform = _uniform(lengths, pieces)
        by_sound = _equal(
            list(known),
            lambda several: [lengths[path] for path in several],
            lambda several: [pieces[path].middle if path in uniform else None for path in several],
            lambda several: _each(pool, lambda path: None if path in uniform else stretch_digest(path), several),
            partial(_each, pool, sound_digest),
        )
        maybe = [path for path, info in known.items() if _may_be_silent(info, pieces[path])]
        silent = {path for path, found in zip(maybe, pool.map(is_silent, maybe), strict=True) if found}
    traits = {}
    for path in paths:
        file, size_bytes = by_bytes[by_place[path]], pieces[path].size_bytes
        if file in known:
            info = known[file]
            found = (info.sample_rate_hz, info.channels, info.frames, file in silent)
            traits[path] = FileTraits(by_sound[file], size_bytes, *found)
        else:
            traits[path] = FileTraits(file, size_bytes)
    return traits


def _each(pool: Executor, read: Callable[[str], Found], paths: Sequence[str]) -> list[Found]:
    """What `read` finds in each, some files at a time: a file alone is not worth a task of its own."""
    return [found for part in pool.map(lambda part: [read(path) for path in part], parts_of(paths)) for found in part]


def _equal(paths: Sequence[str], *keys: Callable[[list[str]], Iterable[Hashable]]) -> dict[str, str]:
    """Path -> the first of the paths for which all keys agree. A key, which takes several paths at once, is asked only
    for those that all keys before it found equal to others: put the cheap ones first."""
    classes = [list(paths)]
    for key in keys:
        several = [path for members in classes for path in members]
        values = dict(zip(several, key(several), strict=True))
        refined = []
        for members in classes:
            parts: dict[Hashable, list[str]] = defaultdict(list)
            for path in members:
                parts[values[path]].append(path)
            refined += [part for part in parts.values() if len(part) > 1]
        classes = refined
    first = {path: path for path in paths}
    first.update({path: members[0] for members in classes for path in members})
    return first


def _firsts(first_of: dict[str, str]) -> list[str]:
    return list(dict.fromkeys(first_of.values()))


def _uniform(lengths: Mapping[str, Hashable], pieces: Mapping[str, Pieces]) -> set[str]:
    """Paths whose samples differ if a piece of their bytes does: all files of this length are plain and as large."""
    classes: dict[Hashable, list[str]] = defaultdict(list)
    for path, length in lengths.items():
        classes[length].append(path)
    return {
        path
        for members in classes.values()
        if len({(ending_of(each), pieces[each].size_bytes) for each in members}) == 1 and ending_of(members[0]) in PLAIN
        for path in members
    }


def _may_be_silent(info: AudioInfo, pieces: Pieces) -> bool:
    """Zeros in the middle of the file, or hardly a byte for a sample."""
    return pieces.zeros or pieces.size_bytes <= SILENT_BYTES * info.frames * info.channels
