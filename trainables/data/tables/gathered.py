"""Several columns that together are the target: one number each, or a 0 or 1 for each label."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import Any

from trainables.data.reading import Account, Wanted
from trainables.data.tables.ratings import rating
from trainables.data.tables.table import Row, Table
from trainables.data.tables.values import BadCell, filled, shown
from trainables.errors import InputError

YES, NO = {"1", "1.0", "true", "yes"}, {"0", "0.0", "false", "no", ""}


def gathered(table: Table, wanted: Wanted, account: Account) -> Table:
    """The table with the task's column in place of those that `wanted.gathered` names; itself where it names none.

    Raises InputError: columns that are missing, with the nearest name; a label's column with something else than 0 and
    1, with its first place.
    """
    names = wanted.gathered
    if not names:
        return table
    found = {name for _, row in table.rows for name in row}
    problems = []
    for name in (name for name in names if name not in found):
        near = difflib.get_close_matches(name, sorted(found), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        problems.append(f"data.columns.{wanted.column}: there is no column {name!r}.{hint}")
    if problems:
        raise InputError(problems)
    account.origins[wanted.column] = f"the columns {', '.join(names)}"
    rows: list[Row] = []
    first: dict[str, str] = {}  # kind of problem -> the sentence about the first of it
    for where, row in table.rows:
        values = [filled(row.get(name)) for name in names]
        if wanted.column == "targets":
            try:
                values = [rating(name, value) for name, value in zip(names, values, strict=True)]
            except BadCell as error:
                account.leave_out(where, first.setdefault(error.kind, error.problems[0]))
                continue
            if not any(value is not None for value in values):
                account.leave_out(where, f"has no rating (the columns {', '.join(names)} are empty).")
                continue
        others = {name: value for name, value in row.items() if name not in names}
        rows.append((where, {**others, wanted.column: _labels(where, wanted, values)}))
    return replace(table, rows=rows)


def _labels(where: str, wanted: Wanted, values: list[Any]) -> list[Any]:
    if wanted.column != "labels":
        return values
    told = ["" if value is None else str(value).strip().lower() for value in values]
    for name, text in zip(wanted.gathered, told, strict=True):
        if text not in YES | NO:
            raise InputError(f"{where}: the column {name!r} is {shown(text)}; the column of a label holds 0 or 1.")
    return [name for name, text in zip(wanted.gathered, told, strict=True) if text in YES]
