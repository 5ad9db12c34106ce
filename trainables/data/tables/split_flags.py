"""Columns of yes and no that say the split: `is_test`, `is_train`, `is_valid`, `heldout`.

What the columns leave open is said: rows that no column marks belong to the split that no column names, or to training.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainables.data.examples import SPLITS
from trainables.data.split_names import split_name
from trainables.data.tables.spellings import SPLIT_FLAG_NAMES, plain
from trainables.data.tables.values import filled
from trainables.errors import InputError

_YES = frozenset(("1", "1.0", "true", "yes", "y", "t", "x"))
_NO = frozenset(("0", "0.0", "false", "no", "n", "f"))
Values = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class SplitFlags:
    """`splits`: column -> the split of the rows that it marks; the others are of the split `rest`."""

    splits: Mapping[str, str]
    rest: str

    def of(self, row: Mapping[str, Any]) -> str:
        return next((split for name, split in self.splits.items() if _is_yes(row.get(name))), self.rest)


def split_flags(path: Path, free: Sequence[str], rows: Values) -> SplitFlags | None:
    """What the columns among `free` say of the split; None where none does, or all rows would be of one.

    Raises InputError: a row that two splits claim, and rows that none does where all three have a column.
    """
    splits = {name: split for name in free if (split := _split_of(name)) and _holds_flags(name, rows)}
    if not splits or (len(splits) == 1 and _may_mean_else(next(iter(splits)), rows)):
        return None
    claims = [{split for name, split in splits.items() if _is_yes(row.get(name))} for row in rows]
    columns = " and ".join(map(repr, splits))
    if twice := sum(len(claimed) > 1 for claimed in claims):
        raise InputError(
            f"{path}: the columns {columns} put {twice} of {len(rows)} rows into several splits; mend them, or write "
            "one column `split` with train, validation or test."
        )
    named = {*splits.values()}
    unmarked = sum(not claimed for claimed in claims)
    if unmarked and named == {*SPLITS}:
        raise InputError(
            f"{path}: the columns {columns} put {unmarked} of {len(rows)} rows into no split; mark them, or write one "
            "column `split` with train, validation or test."
        )
    flags = SplitFlags(splits, _rest(named))
    return flags if len({flags.of(row) for row in rows}) > 1 else None


def sentence(flags: SplitFlags, rows: Values) -> str:
    """What was made of the columns, with counts."""
    counts = Counter(flags.of(row) for row in rows)
    shown = ", ".join(f"{split} {counts[split]}" for split in SPLITS if counts[split])
    named = flags.rest in flags.splits.values()
    rest = "" if named else f"; rows that none of them marks are {flags.rest}"
    return (
        f"split is read from the columns {' and '.join(map(repr, flags.splits))} of yes and no ({shown}){rest}; if "
        'that is wrong, say `data.columns: {split: ""}`.'
    )


def _split_of(name: str) -> str | None:
    """The split that a column marks; what is held out is the test."""
    written = plain(name)
    if written not in SPLIT_FLAG_NAMES:
        return None
    return "test" if written.endswith("heldout") else split_name(_without_verb(written))


def _without_verb(written: str) -> str:
    for verb in ("is", "in"):
        if written.startswith(verb):
            return written.removeprefix(verb)
    return written


def _may_mean_else(name: str, rows: Values) -> bool:
    """Whether the only such column may say something else: `test` the outcome of one, `valid` that a clip is good."""
    marked = sum(_is_yes(row.get(name)) for row in rows)
    bare = _without_verb(plain(name)) == plain(name) and not plain(name).endswith("heldout")
    return bare or (_split_of(name) == "validation" and 2 * marked > len(rows))


def _rest(named: set[str]) -> str:
    """Where rows belong that no column marks: train, else the test, else the one split that is left."""
    return next((split for split in ("train", "test", "validation") if split not in named), "train")


def _holds_flags(name: str, rows: Values) -> bool:
    """Whether all cells say yes or no; an empty one says no beside cells that only say yes."""
    said = [None if (value := filled(row.get(name))) is None else str(value).strip().casefold() for row in rows]
    given = {value for value in said if value is not None}
    if not given or not given <= _YES | _NO:
        return False
    return None not in said or given <= _YES


def _is_yes(value: Any) -> bool:
    return str(value).strip().casefold() in _YES
