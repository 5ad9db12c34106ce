"""What is to be answered: files of sound, folders and patterns of them, and tables with a column of paths."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from trainables.cache import cache_folder
from trainables.data.examples import AudioPiece, Example
from trainables.data.reading import Account, Wanted
from trainables.data.sound.endings import is_sound
from trainables.data.tables.clip_rows import examples_of
from trainables.data.tables.rows import read_rows
from trainables.data.tables.table import Row
from trainables.errors import InputError

ANY_TARGET = "text"  # rows need no target here: this column is filled with a dash


def clips(words: Sequence[str]) -> Iterator[Example]:
    """The clips of each word in order, those of a folder by their paths; folders are walked while they are answered.

    Raises InputError, before the first clip: words that name nothing, and tables that cannot be read.
    """
    problems: list[str] = []
    parts: list[Iterator[Example]] = []
    for word in words:
        try:
            parts.append(_of_word(word))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return (clip for part in parts for clip in part)


def _of_word(word: str) -> Iterator[Example]:
    path = Path(word).expanduser()
    if path.is_dir():
        if next(_below(path), None) is None:
            raise InputError(f"INPUT: {word!r} holds no file of sound.")
        return map(clip_of, _below(path))
    if path.is_file():
        return iter([clip_of(path)] if is_sound(path) else _of_table(path))
    found = sorted(glob.glob(str(path), recursive=True)) if glob.has_magic(word) else []
    if not found:
        raise InputError(f"INPUT: there is no file, folder or table {word!r}, and nothing that fits it as a pattern.")
    return (clip for one in found for clip in (_of_word(one) if Path(one).is_file() else ()))


def _below(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(here) / name for name in sorted(files) if is_sound(name) and not name.startswith("."))


def _of_table(path: Path) -> list[Example]:
    """The stretches that a manifest names; what it says of targets is not read."""
    rows = read_rows(path, {}, cache_folder())
    wanted = Wanted(column=ANY_TARGET, cache_folder=cache_folder(), questions=True)
    filled: list[Row] = [(where, {**row, ANY_TARGET: "-"}) for where, row in rows.rows]
    account, number = Account(), len(filled) + len(rows.broken)
    examples = examples_of(path, filled, path.absolute().parent, wanted, account)
    for where, problem in rows.broken:
        account.leave_out(where, problem)
    account.refuse_beyond(wanted.skip, number)
    return [replace(example, target="") for example in examples]


def clip_of(path: str | Path) -> Example:
    """A whole file."""
    text = str(path)
    return Example(id=text, audio=(AudioPiece(str(Path(path).absolute())),), group=text, target="")
