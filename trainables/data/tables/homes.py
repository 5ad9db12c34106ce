"""Where the relative paths of a table begin, when its files are not where it says: published tables lie in a folder of
their own (`meta/`), name files without their folder (`clips/`) or ending, or count from where a recipe was run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from trainables.data.reading import Account, Wanted
from trainables.data.sound.endings import is_readable, readable_endings
from trainables.data.tables.table import Row

_LOOKED_AT = 20  # files of a table, for which every place is tried
_LEAST_FOUND = 0.9  # of all files of a table
_MOST_FOLDERS = 200
_ABOVE = 3  # folders
_OF_TABLES = re.compile(  # names of folders that hold tables alone; the sound then lies in one beside them
    r"meta|list|label|annotation|ground.?truth|csv|tsv|transcript|manifest|info|split|setup|txt|text", re.IGNORECASE
)


def paths_begin(
    table: Path, home: Path, rows: Sequence[Row], column: str, wanted: Wanted, account: Account
) -> tuple[Path, Sequence[Row]]:
    """Where the paths in the `column` of a table begin, and the rows with the ending that their files lack. What
    differs from the table is said; nothing does where a file is at `home`, or nothing is found."""
    written = [row[column] for _, row in rows if isinstance(row.get(column), str)]
    found = other_home(table, home, written, fixed=wanted.audio_folder is not None) if table.is_file() else None
    if found is None:
        return home, rows
    folder, ending = found
    begin = "" if folder == home else f" begin at {folder}"
    lack = f" lack the ending {ending}" if ending else ""
    account.guesses.append(f"The paths{begin}{' and' * bool(begin and lack)}{lack}: the files are there.")
    if ending:
        rows = [(where, {**row, column: row[column] + ending} if row.get(column) else row) for where, row in rows]
    return folder, rows


def other_home(table: Path, home: Path, written: Sequence[str], *, fixed: bool = False) -> tuple[Path, str] | None:
    """(the folder where paths begin, the ending that they lack or ""), where no file is at `home` as written and nearly
    all are at one other place near the table; else None. `fixed`: the folder is given, the ending is not.
    """
    every = [name for name in dict.fromkeys(written) if name and not os.path.isabs(name)]
    names = every[:_LOOKED_AT]
    if not names or any(is_file(home, name) for name in names):
        return None
    endings = [""] if any(is_readable(name) for name in names) else ["", *sorted(readable_endings())]
    folders = [home] if fixed else list(islice(_near(table.parent), _MOST_FOLDERS))
    found = [
        (folder, ending)
        for folder in folders
        for ending in endings
        if all(is_file(folder, name + ending) for name in names)
    ]
    found = [(folder, ending) for folder, ending in found if _share(folder, ending, every) >= _LEAST_FOUND]
    if len(found) > 1:  # train.csv beside train/ and test/, where both have a 0001.wav
        found = [place for place in found if place[0].name.lower() == table.name.partition(".")[0].lower()]
    return found[0] if len(found) == 1 else None


def _share(folder: Path, ending: str, names: Sequence[str]) -> float:
    return sum(is_file(folder, name + ending) for name in names) / len(names)


def is_file(folder: Path, name: str) -> bool:
    """A name may be no name of a file at all: too long, or with signs that no system takes."""
    try:
        return (folder / name).is_file()
    except (OSError, ValueError):
        return False


def _near(folder: Path) -> Iterator[Path]:
    """The folder, those in it and in them, those beside it if it is one of tables, and those above it."""
    yield folder
    inside = _folders(folder)
    yield from inside
    for below in inside:
        yield from _folders(below)
    if _OF_TABLES.search(folder.absolute().name):
        yield from (beside for beside in _folders(folder.absolute().parent) if beside != folder.absolute())
    yield from folder.absolute().parents[:_ABOVE]


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(folder / entry.name for entry in entries if entry.is_dir() and entry.name[:1] != ".")
    except OSError:
        return []
