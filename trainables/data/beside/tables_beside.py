"""Tables and lists that stand beside the sound, name it and are not read: what they say of splits, groups or labels a
person should know."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from trainables.data.layouts.found import shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Wanted
from trainables.data.split_names import split_name
from trainables.data.tables.rows import read_rows
from trainables.data.tables.spellings import meaning
from trainables.errors import InputError

MOST_TABLES, MOST_BYTES = 8, 64 << 20
LEAST_SHARE = 0.5  # of the sound that a table names
SHOWN = 8  # columns
MOST_LISTS, MOST_LINES, MOST_LIST_BYTES = 20, 200, 32 << 20
LEAST_LINES = 0.5  # of a list name a clip
_ENDINGS = (".txt", ".lst", ".list")
_SPLITTING = re.compile(r"[\s,;|]+")


@dataclass(frozen=True)
class _Naming:
    """A table that names most of the sound."""

    table: Parts
    column: str  # which names it
    clips: int
    others: Sequence[str]  # columns
    rows: Sequence[Mapping[str, Any]]

    @property
    def shown_others(self) -> str:
        more = f" and {len(self.others) - SHOWN} more" if len(self.others) > SHOWN else ""
        return ", ".join(self.others[:SHOWN]) + more


def naming_sound(tree: Tree, labelled_by: str = "the folders") -> list[str]:
    """A sentence for each table that names most of the sound, beside what gives the labels."""
    return [_sentence(tree, found, labelled_by) for found in _naming(tree)]


def tables_in_place_of_folders(tree: Tree, wanted: Wanted) -> list[str]:
    """Where the folders do not give what the task needs: how to read the first table that names the sound."""
    return [
        f"{tree.folder}: its folders give no {wanted.column!r}, and {shown(found.table)} names {found.clips:,} of "
        f"the clips in its column {found.column!r}: give it as data.source, with `data.columns: {{audio: "
        f"{found.column}, {wanted.column}: ...}}`, which may be {found.shown_others}."
        for found in islice(_naming(tree), 1)
    ]


def naming_folders(tree: Tree) -> list[str]:
    """A sentence for each table that names every folder of a level and divides them into fewer kinds: a person's
    diagnosis, say. Such folders are people or recordings more often than classes."""
    folders = [parts[:-1] for parts in tree.sounds]
    levels = [
        {path[level] for path in folders if len(path) > level} for level in range(max(map(len, folders), default=0))
    ]
    found = []
    for table in [parts for parts in tree.tables if parts not in tree.taken][:MOST_TABLES]:
        with suppress(InputError, OSError):
            if tree.path(table).stat().st_size <= MOST_BYTES:
                rows = [row for _, row in read_rows(tree.path(table), {}, Path()).rows]
                found += [said for names in levels if len(names) > 1 and (said := _of_folders(table, rows, names))][:1]
    return found


def _of_folders(table: Parts, rows: Sequence[Mapping[str, Any]], names: Collection[str]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row if name))
    column = next((one for one in columns if {*names} <= {str(row.get(one)).strip() for row in rows}), "")
    ours = [row for row in rows if str(row.get(column)).strip() in names]
    kinds = {one: {str(row.get(one)).strip() for row in ours} for one in columns if one != column}
    dividing = [one for one, of in kinds.items() if 1 < len(of) < len(names)]
    if not column or len(ours) != len(names) or not dividing:
        return ""
    some = ", ".join(sorted(names)[:3])
    return (
        f"{shown(table)} names the folders ({some}, ...) in its column {column!r} and tells of each "
        f"{', '.join(dividing[:SHOWN])}: if the folders are people or recordings, they are no classes: write a table "
        "with a row for each clip, with the columns audio, label and group."
    )


def _naming(tree: Tree) -> Iterator[_Naming]:
    names = {parts[-1] for parts in tree.sounds}
    stems = {name.rpartition(".")[0] for name in names}
    tables = [parts for parts in tree.tables if parts not in tree.taken]
    for table in sorted(tables, key=lambda parts: (len(parts), parts))[:MOST_TABLES]:
        with suppress(InputError, OSError):
            if tree.path(table).stat().st_size <= MOST_BYTES and (found := _named(tree, table, names, stems)):
                yield found


def _named(tree: Tree, table: Parts, names: set[str], stems: set[str]) -> _Naming | None:
    rows = [row for _, row in read_rows(tree.path(table), {}, Path()).rows]
    columns = list(dict.fromkeys(name for row in rows for name in row if name))
    for called in (names, stems):  # with their endings, else without
        for column in columns:
            written = {str(row.get(column)).replace("\\", "/").rpartition("/")[2] for row in rows}
            clips = len(written & called)
            if clips and clips >= LEAST_SHARE * len(names):
                return _Naming(table, column, clips, [name for name in columns if name != column], rows)
    return None


def _sentence(tree: Tree, found: _Naming, labelled_by: str) -> str:
    if same := _same_as_folders(tree, found.column, found.others, found.rows):
        return (
            f"{shown(found.table)} names {found.clips:,} of the clips in its column {found.column!r}, and its column "
            f"{same!r} says what their folders say; it is not read."
        )
    return (
        f"{shown(found.table)} names {found.clips:,} of the clips in its column {found.column!r} and is not read, "
        f"since {labelled_by} give the labels; where its other columns ({found.shown_others}) say splits, groups or "
        f"labels, give it as data.source, with `data.columns: {{audio: {found.column}}}`."
    )


def _same_as_folders(tree: Tree, column: str, others: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """The column that repeats the folders' names, where it is the only one that labels, splits or groups; or ""."""
    folders: dict[str, set[str]] = defaultdict(set)
    for parts in tree.sounds:
        for name in (parts[-1], parts[-1].rpartition(".")[0]):
            folders[name] |= {*parts[:-1]}
    pairs = [(row, folders[str(row.get(column)).replace("\\", "/").rpartition("/")[2]]) for row in rows]
    meant = [name for name in others if meaning(name) in ("label", "split", "group", "fold")]
    said = [name for name in meant if all(not of or str(row.get(name)) in of for row, of in pairs)]
    return said[0] if said and said == meant else ""


def advise_on_lists(tree: Tree, account: Account, *, tables: bool = True) -> None:
    """Adds a sentence where no split was read, and lists of sound (and `tables`) are there that are called as splits
    are, such as an official `test.txt`."""
    if "split" in account.origins:
        return
    lists = [parts for parts in tree.others if parts[-1].lower().endswith(_ENDINGS) and parts not in tree.taken]
    unread = {path for paths in account.files_unread.values() for path in paths}
    lists += [parts for parts in tree.tables if shown(parts) in unread] if tables else []
    lists = [parts for parts in lists if split_name(parts[-1].rpartition(".")[0]) or "split" in parts[-1].lower()]
    if not lists:
        return
    names = {"/".join(parts[at:]) for parts in tree.sounds for at in range(len(parts))}
    names |= {name.rpartition(".")[0] for name in names}
    found = [parts for parts in lists[:MOST_LISTS] if _names_sound(tree, parts, names)]
    if found:
        account.advice.append(
            f"Not read are {', '.join(map(shown, found))}, which name clips: splits are drawn anew, and clips of an "
            "official test may be trained on. Give the table a column `split`, or lay the clips into folders of the "
            "splits."
        )


def _names_sound(tree: Tree, parts: Parts, names: Collection[str]) -> bool:
    path = tree.path(parts)
    with suppress(OSError, UnicodeDecodeError):
        if path.stat().st_size > MOST_LIST_BYTES:
            return False
        with path.open(encoding="utf-8-sig") as file:
            lines = [line.strip() for line in islice(file, MOST_LINES) if line.strip()]
        hits = sum(
            any(cell.strip("\"'").removeprefix("./") in names for cell in _SPLITTING.split(line)) for line in lines
        )
        return bool(lines) and hits >= LEAST_LINES * len(lines)
    return False
