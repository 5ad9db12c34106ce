"""Which stretch of its file a row means: columns of start, length and end, in seconds or milliseconds.

`start` with `end` or `duration` are read as they are called. `offset` is a start beside a duration (as NeMo and Lhotse
write it) and an end beside an onset; alone it says too little. A duration without a start is how long the file is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainables.data.tables.spellings import (
    END_NAMES,
    LENGTH_NAMES,
    OFFSET_NAMES,
    START_NAMES,
    TIME_NAMES,
    plain,
)
from trainables.data.tables.values import BadCell, filled, number, number_problem
from trainables.errors import InputError

OURS = ("start_seconds", "seconds", "end_seconds")
TOLERANCE_SECONDS = 0.05  # between an end and a start with its length, as tables round them


@dataclass(frozen=True)
class TimeColumn:
    name: str
    unit_seconds: float = 1.0
    guessed: bool = False


@dataclass(frozen=True)
class TimeColumns:
    start: TimeColumn | None = None
    length: TimeColumn | None = None
    end: TimeColumn | None = None

    @property
    def named(self) -> list[TimeColumn]:
        return [column for column in (self.start, self.length, self.end) if column]

    @property
    def states_ends(self) -> bool:
        """Whether a stretch beyond the end of its file is a mistake: `seconds` alone may be a longest length."""
        return self.end is not None or any(column.guessed for column in self.named)


def time_columns(
    path: Any, given: Mapping[str, str], free: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> TimeColumns:
    """`given` are names that the sweep file or the table itself gives ours (`start_seconds`, ...), `free` the columns
    that have no meaning yet. Raises InputError: several columns for one time, which differ."""
    start, length, end = (
        TimeColumn(given[ours], TIME_NAMES.get(plain(given[ours]), 1.0)) if given.get(ours) else None for ours in OURS
    )
    fits = [name for name in sorted(free) if plain(name) in TIME_NAMES and _holds_times(name, rows)]
    closed = {ours for ours in OURS if ours in given}  # the sweep file may say that one is not read

    def of(names: Mapping[str, float]) -> list[str]:
        return [name for name in fits if plain(name) in names]

    offsets = of(OFFSET_NAMES)
    if start is None and "start_seconds" not in closed:
        start = _one(path, "start_seconds", of(START_NAMES), rows)
        if start is None and (length or of(LENGTH_NAMES)):
            start, offsets = _one(path, "start_seconds", offsets, rows), []
    if start is None:
        return TimeColumns(None, length, end)
    if end is None and "end_seconds" not in closed:
        onset = "onset" in plain(start.name)
        end = _one(path, "end_seconds", of(END_NAMES) or (offsets if onset else []), rows)
    if length is None and "seconds" not in closed:
        length = _one(path, "seconds", of(LENGTH_NAMES), rows)
    return _without_contradiction(path, TimeColumns(start, length, end), rows)


def stretch(row: Mapping[str, Any], times: TimeColumns) -> tuple[float, float | None]:
    """(start, length or None) in seconds. Raises InputError: no times, or an end that is not behind the start."""
    start = _seconds(row, times.start) or 0.0
    length, end = _seconds(row, times.length), _seconds(row, times.end)
    if end is None:
        return start, length
    if end <= start:
        name = times.end.name if times.end else ""
        problem = f"{name} is {end:g} s and the start is {start:g} s; an end lies behind its start."
        raise BadCell(problem, "an end before its start")
    return start, round(end - start, 9)


def _one(path: Any, ours: str, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> TimeColumn | None:
    if not names:
        return None
    first = [_value(row, names[0]) for row in rows]
    for other in names[1:]:
        values = [_value(row, other) for row in rows]
        if not all(_close(mine, yours, 0.001) for mine, yours in zip(first, values, strict=True)):
            raise InputError(
                f"{path}: the columns {names[0]!r} and {other!r} may both be {ours}, and they differ; say which with "
                f"`data.columns: {{{ours}: {names[0]}}}`."
            )
    return TimeColumn(names[0], TIME_NAMES[plain(names[0])], guessed=True)


def _without_contradiction(path: Any, times: TimeColumns, rows: Sequence[Mapping[str, Any]]) -> TimeColumns:
    """An end and a length that say the same, or the one of them that is no guess."""
    start, length, end = times.start, times.length, times.end
    if not (start and length and end):
        return times
    if length.guessed != end.guessed:
        return TimeColumns(start, None, end) if length.guessed else TimeColumns(start, length, None)
    values = [tuple(_value(row, column.name) for column in (start, length, end)) for row in rows]
    known = [(a * 1.0, b * 1.0, c * 1.0) for a, b, c in values if a is not None and b is not None and c is not None]
    if all(abs(c - a - b) <= max(TOLERANCE_SECONDS, b / 100) for a, b, c in known):
        return TimeColumns(start, None, end)
    if length.guessed and all(b >= c - TOLERANCE_SECONDS for _, b, c in known):  # how long the whole file is
        return TimeColumns(start, None, end)
    raise InputError(
        f"{path}: {start.name!r}, {length.name!r} and {end.name!r} contradict each other; say which of the two ends a "
        f'stretch: `data.columns: {{seconds: {length.name}, end_seconds: ""}}` or the other way round.'
    )


def _holds_times(name: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any value is a time, as a number or as a clock shows it; dates and words are another matter."""
    values = (filled(row.get(name)) for row in rows)
    return any(number(value) is not None or _is_clock(value) for value in values if value is not None)


def _is_clock(value: Any) -> bool:
    return (
        isinstance(value, str)
        and re.fullmatch(r"\s*(\d+:)?\d{1,2}:\d{1,2}([.,]\d+)?\s*|\s*\d+,\d+\s*", value) is not None
    )


def _value(row: Mapping[str, Any], name: str) -> float | None:
    found = number(filled(row.get(name)))
    return None if found is None else found * TIME_NAMES.get(plain(name), 1.0)


def _close(mine: float | None, yours: float | None, tolerance: float) -> bool:
    return mine == yours or (mine is not None and yours is not None and math.isclose(mine, yours, abs_tol=tolerance))


def _seconds(row: Mapping[str, Any], column: TimeColumn | None) -> float | None:
    value = None if column is None else filled(row.get(column.name))
    if column is None or value is None:
        return None
    found = number(value)
    if found is None or found < 0:
        raise number_problem(column.name, value)
    return found if column.unit_seconds == 1.0 else round(found * column.unit_seconds, 9)
