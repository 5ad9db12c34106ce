"""What is known of a published table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from trainables.data.reading import Account, Wanted
from trainables.data.tables.table import Row, Table

MANY_LABELS = (
    "has several labels, and a class is one: `task: {kind: multilabel}` takes them all; else give rows of one label, "
    "or a column with the one that counts."
)
FIRST = 20  # rows that are looked at to know a table

Reader = Callable[[Path, Table, Wanted, Account], tuple[Table, Wanted]]


def as_it_stands(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    return table, wanted


@dataclass(frozen=True)
class KnownTable:
    """A table that is known by the columns it has, and by its first rows where the columns could be anybody's."""

    name: str
    columns: frozenset[str]
    renamed: Mapping[str, str] = field(default_factory=dict)  # our name -> the format's, where the column is there
    read: Reader = as_it_stands  # may change rows, and say where paths begin
    fits: Callable[[Mapping[str, Any]], bool] = lambda row: True  # whether a row is one of this format

    def knows(self, rows: Sequence[Row]) -> bool:
        """Whether the first rows are of this format."""
        first = [row for _, row in rows[:FIRST]]
        return bool(first) and self.columns <= {name for row in first for name in row} and any(map(self.fits, first))


def changed(table: Table, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Table:
    """The table with every row changed."""
    rows: list[Row] = [(where, change(row)) for where, row in table.rows]
    return replace(table, rows=rows)
