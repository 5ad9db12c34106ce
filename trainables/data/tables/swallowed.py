"""Rows that a quote has swallowed: quotes of two rows pair up, and what stands between them becomes one text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")


def swallowed_rows(header: Sequence[str], records: Sequence[tuple[int, list[str]]], divider: str) -> str | None:
    """What is wrong, with the line where the quote opens; None where no field with line breaks holds rows of the table.

    A line in a field is a row where it is divided as rows are and one of its cells looks like those of its column: the
    same ending of a file's name, or the same letters around numbers. A text of several lines has neither.
    """
    torn = [(line, cells) for line, cells in records if any(_breaks(cell) for cell in cells)]
    if not torn:
        return None
    looks = [_looks([cells[index] for _, cells in records if index < len(cells)]) for index in range(len(header))]
    for line, cells in torn:
        before = 0
        for cell in cells:
            inner = re.split(r"\r\n|\r|\n", cell)
            rows = [text for text in inner[1:] if _is_row(text.split(divider), looks)]
            if rows:
                opens = line + before
                shown = rows[0] if len(rows[0]) <= 40 else rows[0][:40] + "..."
                return (
                    f"line {opens}: opens a quote that takes in {len(rows)} further rows of the table ({shown!r}, "
                    "...); close it, or write a quote in a text twice."
                )
            before += len(inner) - 1
    return None


def _breaks(cell: str) -> bool:
    return "\n" in cell or "\r" in cell


def _looks(cells: Sequence[str]) -> set[str]:
    """How most cells of a column look, where they do look alike."""
    whole = [cell for cell in cells if cell.strip() and not _breaks(cell)]
    counts = Counter(look for look in map(_look, whole) if look)
    return {look for look, count in counts.items() if count * 10 >= len(whole)}


def _look(cell: str) -> str | None:
    cell = cell.strip().strip('"')
    if ending := _SUFFIX.search(cell):
        return ending.group().lower()
    if cell.isdigit():
        return "0" * len(cell) if len(cell) >= 4 else None
    shape = re.sub(r"\d+", "0", cell)
    return shape if re.search(r"[^\W\d].*0|0.*[^\W\d]", shape) and " " not in cell else None


def _is_row(cells: Sequence[str], looks: Sequence[set[str]]) -> bool:
    """A row may itself end in a broken field, so that its last columns are missing; two must be there."""
    if len(cells) < 2 and len(looks) > 1:
        return False
    return any(_look(cell) in look for cell, look in zip(cells, looks, strict=False) if look)
