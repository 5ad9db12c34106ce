"""Cells that hold a rating: a number, or one of the words that programs write where a value is missing."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from trainables.data.tables.values import BadCell, filled, kind, number, shown

MISSING = ("nan", "na", "n/a", "#n/a", "#na", "<na>", "null", "none", "nil", ".", "-")  # R, pandas, Excel, SPSS


def _known(value: Any) -> Any:
    """The value; None where it is missing."""
    value = filled(value)
    return None if isinstance(value, str) and value.strip().lower() in MISSING else value


def rating(name: str, value: Any) -> float | None:
    """The number in a column of its own; None where it is missing. Raises BadCell: anything else."""
    known = _known(value)
    found = number(known)
    if found is None and known is not None:
        comma = isinstance(known, str) and re.fullmatch(r"\s*[+-]?\d+,\d+\s*", known)
        hint = f" Write {known.strip().replace(',', '.')} with a point." if comma else ""
        problem = (
            f"the column {name!r} is {shown(known)}; a number is wanted, or an empty cell where the rating is missing."
            f"{hint}"
        )
        raise BadCell(problem, f"rating {name} {kind(known)}")
    return found


def ratings_of(name: str, value: Any) -> list[float | None]:
    """None for a rating that is missing."""
    try:
        ratings = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        ratings = value
    told = [_known(each) for each in (ratings if isinstance(ratings, list | tuple) else [ratings])]
    found = [number(each) for each in told]
    if any(each is None and given is not None for each, given in zip(found, told, strict=True)) or not told:
        problem = f"{name} must be a list of numbers such as [0.2, 0.5], is {shown(value)}."
        raise BadCell(problem, f"ratings {kind(value)}")
    return found


def uneven(lengths: Sequence[int]) -> tuple[int, str] | None:
    """(how many ratings most rows have, what is wrong with the others), where lists are not all of one length."""
    counts = Counter(lengths)
    if len(counts) < 2:
        return None
    usual, rows = max(counts.items(), key=lambda pair: (pair[1], pair[0]))
    others = ", ".join(f"{length} ({count} rows)" for length, count in sorted(counts.items()) if length != usual)
    return usual, (
        f"the list of ratings has not the length {usual}, as in {rows} of {len(lengths)} rows, but {others}: every row "
        "wants all ratings in one order, null for one that is missing."
    )
