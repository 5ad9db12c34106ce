"""Columns that are told by what they hold, whatever they are called: names of sound files, names of splits, zeros and
ones, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from trainables.data.sound.endings import is_sound
from trainables.data.split_names import is_plain, split_name
from trainables.data.tables.spellings import GROUP_HINTS, plain
from trainables.data.tables.values import filled, number
from trainables.errors import InputError

LEAST_SHARE = 0.9  # of the cells that are filled
MOST_GROUPS = 0.8  # of the rows
SHOWN = 6  # columns in a hint
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_TEXT_FILE = re.compile(r"\s*[^\s].*\.(txt|lab|trn|json|srt|vtt|stm|textgrid|csv|tsv)\s*", re.IGNORECASE)
_BITS = ("0", "1", "0.0", "1.0", "true", "false")
_NO_TARGET = re.compile(r"(.*(id|index|number|nr|fold|year|age|rate|duration|length|frames|samples|time))|unnamed.*")
Values = Sequence[Mapping[str, Any]]


def names_sound(name: str, rows: Values) -> bool:
    """Whether nearly all cells of a column name files of sound that may lie on this machine."""
    values = _filled(name, rows)
    files = sum(isinstance(value, str) and is_sound(value.strip()) and not _is_address(value) for value in values)
    return bool(values) and files >= LEAST_SHARE * len(values)


def holds_addresses(name: str, rows: Values) -> bool:
    return _all(name, rows, _is_address)


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and _ADDRESS.match(value.strip()) is not None


def names_splits(name: str, rows: Values) -> bool:
    """Whether all cells of a column are names of splits and nothing else, of training and of another."""
    values = _filled(name, rows)
    if len(values) < len(rows) or not all(isinstance(value, str) and is_plain(value) for value in values):
        return False
    kinds = {split_name(value) for value in values}
    return "train" in kinds and len(kinds) > 1


def group_hint(unread: Sequence[str], rows: Values) -> str:
    """Which columns may say what clips belong together: a sentence, or nothing."""
    found = []
    for name in unread:
        values = [str(value) for value in _filled(name, rows)]
        if plain(name) in GROUP_HINTS and len(values) == len(rows) and 1 < len({*values}) <= MOST_GROUPS * len(values):
            found.append(f"{name!r} ({len({*values}):,} different in {len(values):,} rows)")
    if not found:
        return ""
    which = f"the column{'s' * (len(found) > 1)} {' and '.join(found[:SHOWN])}"
    return (
        f"{which} may say which clips belong together: `data.columns: {{group: NAME}}` keeps those of one on one side "
        "of every split."
    )


def target_hint(column: str, free: Sequence[str], rows: Values) -> str:
    """Which columns may hold together what is missing: a sentence, or nothing."""
    if column in ("label", "labels"):
        bits = [name for name in free if _all(name, rows, lambda value: str(value).strip().lower() in _BITS)]
        if len(bits) < 2:
            return ""
        once = all(
            sum(str(row.get(name)).strip().lower() in ("1", "1.0", "true") for name in bits) == 1 for row in rows
        )
        if column == "labels":
            return f" {_some(bits)} hold 0 and 1: `data.columns: {{labels: [{', '.join(bits)}]}}` makes labels of them."
        how = "one 1 in each row: write the name of that column into a column label"
        how = how if once else "as several labels of a clip do (`task: {kind: multilabel}`)"
        return f" {_some(bits)} hold 0 and 1, {how}."
    if column == "targets":
        numbers = [name for name in free if _all(name, rows, lambda value: number(value) is not None)]
        numbers = [name for name in numbers if not _NO_TARGET.fullmatch(plain(name))]
        if numbers:
            return (
                f" {_some(numbers)} {'hold' if len(numbers) > 1 else 'holds'} numbers: `data.columns: {{targets: "
                f"[{', '.join(numbers[:SHOWN])}]}}` takes them for ratings."
            )
    return ""


def refuse_paths(path: Path, name: str, texts: Iterable[Any]) -> None:
    """Raises InputError: the texts are names of files, which hold them."""
    given = [text for text in texts if text is not None]
    named = [text for text in given if isinstance(text, str) and _TEXT_FILE.fullmatch(text)]
    if named and 2 * len(named) > len(given):
        raise InputError(
            f"{path}: column {name!r} names files ({named[0].strip()[:60]}; {len(named):,} of {len(given):,} rows), "
            "and these are not read: write what is said into the table, or lay `a.txt` beside `a.wav` and name the "
            "folder."
        )


def _filled(name: str, rows: Values) -> list[Any]:
    return [value for value in (filled(row.get(name)) for row in rows) if value is not None]


def _all(name: str, rows: Values, test: Any) -> bool:
    values = _filled(name, rows)
    return bool(values) and all(map(test, values))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{'Its columns' if len(names) > 1 else 'Its column'} {', '.join(names[:SHOWN])}{more}"
