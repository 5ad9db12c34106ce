"""Whether a data set says what a clip's group is, or a file's name stands there for want of a better."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from trainables.data.examples import Example

DIGEST_LETTERS = 12  # of sound that a table embeds: its name ends with so much of the digest that names the file


def is_named(example: Example) -> bool:
    """Whether the data set says what the group is; without a word from it, readers put the names of the files there."""
    if len(example.audio) == 1:
        return not _names(example.group, _stem(example.audio[0].path))
    files = [_stem(piece.path) for piece in example.audio]
    parts = [example.group] if len(files) == 1 else example.group.split("+")
    return not all(any(_names(part, file) for file in files) for part in parts)


def are_named(examples: Sequence[Example]) -> bool:
    """Whether the data set gives groups at all."""
    return any(is_named(example) for example in examples)


def written_name(example: Example) -> str:
    """What a person would look at to tell where a clip comes from: its file's path as far as the source wrote it."""
    if not is_named(example):
        path, group = Path(example.audio[0].path), Path(example.group)
        if len(example.audio) == 1 and _plain(path.stem) == _plain(group.stem):
            return "/".join(path.parts[-len(group.parts) :])  # the group may be that of a copy in another folder
        return example.group
    return "+".join(dict.fromkeys(Path(piece.path).name for piece in example.audio))


def _names(part: str, file: str) -> bool:
    stem = _stem(part.replace("\\", "/"))
    ending = stem.rpartition("-")[2]
    return stem == file or part == file or (len(ending) == DIGEST_LETTERS and file.startswith(ending))


@lru_cache(maxsize=1 << 16)  # clips in a row are of one file, or of one group
def _stem(path: str) -> str:
    """The plain name of a file without its ending, as `Path.stem` has it, which takes ten times as long."""
    name = path.rstrip("/").rpartition("/")[2]
    dot = name.rfind(".")
    return _plain(name[:dot] if 0 < dot < len(name) - 1 else name)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
