"""FMA (Defferrard et al. 2017, github.com/mdeff/fma): `fma_small/000/000002.mp3`, and `fma_metadata/tracks.csv`, whose
columns have names of two lines (`track` above `genre_top`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from trainables.data.beside.named_lines import stems
from trainables.data.layouts.found import reading, require, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.table import Row
from trainables.errors import InputError

_SPLITS = {"training": "train", "validation": "validation", "test": "test"}
_ID = re.compile(r"\d{1,6}")
_LABEL, _SPLIT, _GROUP = "track.genre_top", "set.split", "artist.id"


def matches(tree: Tree) -> bool:
    return bool(_tables(tree)) and bool(tree.sounds)


def read(tree: Tree, wanted: Wanted) -> Reading:
    """The top genre is the label, the artist the group; other columns by their two names, `album.type`. Raises
    InputError: the table has not these columns, or the task wants no labels."""
    account = Account(layout="FMA: fma_metadata/tracks.csv")
    table = _tables(tree)[0]
    tracks = _tracks(tree, table)
    columns = next(iter(tracks.values()), {})
    require(account.layout, tree.folder, wanted, ("label", *columns))
    label = wanted.columns.get(wanted.column, _LABEL)
    sounds = stems(tree)
    rows: list[Row] = []
    unnamed = 0
    for number, track in tracks.items():
        for sound in sounds.get(number, ()):
            if not track.get(label):
                unnamed += 1
                account.not_read(shown(sound), f"tracks.csv gives no {label}")
                continue
            row = {"audio": shown(sound), "label": track[label], "group": track.get(_GROUP) or number}
            row |= {"split": _SPLITS[track[_SPLIT]]} if track.get(_SPLIT) in _SPLITS else {}
            rows.append((f"{shown(table)} track {number}", row | {wanted.column: track[label]}))
    listed = {sound for number in tracks for sound in sounds.get(number, ())}
    for sound in tree.sounds:
        if sound not in listed:
            account.not_read(shown(sound), "tracks.csv does not name it")
    if unnamed:
        account.guesses.append(f"{unnamed} tracks have no {label} and are left out.")
    account.origins |= {wanted.column: f"{label} of tracks.csv", "split": _SPLIT}
    account.origins["group"] = _GROUP if _GROUP in columns else "the track"
    tree.note_tables(account, "a table that is not read", but=(table,))
    return reading(tree.folder, rows, _ours(wanted), account)


def _ours(wanted: Wanted) -> Wanted:
    return replace(wanted, columns={ours: name for ours, name in wanted.columns.items() if ours != wanted.column})


def _tables(tree: Tree) -> list[Parts]:
    return [table for table in tree.tables if table[-2:] == ("fma_metadata", "tracks.csv")]


def _tracks(tree: Tree, table: Parts) -> Mapping[str, Mapping[str, str]]:
    """The number of a track, as its file is called -> its columns by both names. Raises InputError: another table."""
    path = tree.path(table)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines: Sequence[Sequence[str]] = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise InputError(f"{path}: cannot be read as a table in UTF-8.") from None
    names = [f"{above}.{below}" for above, below in zip(*lines[:2], strict=False)] if len(lines) > 1 else []
    if _LABEL not in names:
        raise InputError(f"{path}: has no column genre_top below track in its first two lines, as FMA's has.")
    rows = [line for line in lines[2:] if line and _ID.fullmatch(line[0]) and len(line) == len(names)]
    return {f"{int(line[0]):06d}": dict(zip(names, line, strict=True)) for line in rows}
