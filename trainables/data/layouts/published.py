"""Folders as well-known data sets publish them, tried before anything is guessed from names.

A format has a file of its own beside this one, with the source of its definition; `FORMATS` lists them. The first that
matches reads the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainables.data.reading import Reading, Wanted


@dataclass(frozen=True)
class Format:
    """How one data set, or one tool, lays out a folder."""

    name: str
    matches: Callable[[Path], bool]  # opens few files: it is asked of every folder
    read: Callable[[Path, Wanted], Reading]  # raises InputError


FORMATS: Sequence[Format] = ()


def read_published(folder: Path, wanted: Wanted) -> Reading | None:
    """None where no format matches, or where the sweep file says itself how the folders are to be taken.

    Raises InputError: the format matches and cannot be read.
    """
    if wanted.layout is not None:
        return None
    return next((known.read(folder, wanted) for known in FORMATS if known.matches(folder)), None)
