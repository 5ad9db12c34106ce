"""The columns of a CSV file (RFC 4180), cells as texts.

A file in which nothing is quoted is cut at its commas and line ends as a whole, several times as fast as row by row;
any other goes through the `csv` module, which also finds what is wrong. Both give the same.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from trainables.cell_limit import cells_up_to

MOST_CELL = 2**30  # characters
COMMA, LINE_END = ord(","), ord("\n")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def csv_columns(path: Path) -> dict[str, list[str]]:
    """Column -> cells; empty lines are passed over. Raises ValueError: no rows, a column that stands twice, rows of
    unequal length, quotes that do not close, other bytes than UTF-8."""
    quick = _cut(path.read_bytes().removeprefix(BYTE_ORDER_MARK))
    return _read(path) if quick is None else quick


def _cut(content: bytes) -> dict[str, list[str]] | None:
    """None where a cell may be quoted, or rows are not all alike."""
    content = content.replace(b"\r\n", b"\n").strip(b"\n")
    if b'"' in content or b"\r" in content or b"\0" in content:
        return None
    width = content.partition(b"\n")[0].count(b",") + 1
    letters = np.frombuffer(content, dtype=np.uint8)
    marks = np.append(letters[(letters == COMMA) | (letters == LINE_END)], np.uint8(LINE_END))
    if width < 2 or len(marks) % width:  # of a single column an empty line would be a cell
        return None
    rows = marks.reshape(-1, width)
    if not ((rows[:, :-1] == COMMA).all() and (rows[:, -1] == LINE_END).all()):
        return None
    cells = content.decode("utf-8").replace("\n", ",").split(",")
    names = cells[:width]
    if len(set(names)) < width:
        return None
    return {name: cells[place::width] for name, place in zip(names, range(width, 2 * width), strict=True)}


def _read(path: Path) -> dict[str, list[str]]:
    with cells_up_to(MOST_CELL), path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        names = next((row for row in rows if row), [])
        if not names:
            raise ValueError("it is empty")
        if len(set(names)) < len(names):
            raise ValueError(f"the column {next(name for name in names if names.count(name) > 1)} stands twice")
        body = [row for row in rows if row]
    for number, row in enumerate(body, start=1):
        if len(row) != len(names):
            raise ValueError(f"row {number} has {len(row)} cells, and the first line names {len(names)} columns")
    return {
        name: list(cells)
        for name, cells in zip(names, zip(*body, strict=True) if body else [()] * len(names), strict=True)
    }
