"""The columns of a CSV file (RFC 4180), cells as texts; divided by commas, or else by what divides its first line.

A file in which nothing is quoted is cut at its dividers and line ends as a whole, several times as fast as row by row;
any other goes through the `csv` module, which also finds what is wrong. Both give the same.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np

from trainables.cell_limit import cells_up_to

MOST_CELL = 2**30  # characters
DIVIDERS = (",", ";", "\t", "|")
LINE_END = ord("\n")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
FIRST_LINE = re.compile(rb"[^\r\n]+")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # how a file in UTF-16 begins


def csv_columns(path: Path) -> dict[str, list[str]]:
    """Column -> cells, without spaces at their ends where the names have some; empty lines are passed over. Raises
    ValueError: no rows, a column that stands twice, rows of unequal length, quotes that do not close, other bytes than
    UTF-8 or UTF-16 with its mark."""
    content = in_utf8(path.read_bytes())
    divider = _divider(content)
    quick = _cut(content, divider)
    columns = _read(content, divider) if quick is None else quick
    if all(name == name.strip() for name in columns):
        return columns
    return {name.strip(): [cell.strip() for cell in cells] for name, cells in columns.items()}


def in_utf8(content: bytes) -> bytes:
    """A file's text in UTF-8 without a mark. Raises ValueError: begun as UTF-16 and none."""
    return content.decode("utf-16").encode() if content[:2] in UTF_16 else content.removeprefix(BYTE_ORDER_MARK)


def _divider(content: bytes) -> str:
    first = FIRST_LINE.search(content)
    return next((divider for divider in DIVIDERS if first and divider.encode() in first[0]), ",")


def _cut(content: bytes, divider: str) -> dict[str, list[str]] | None:
    """None where a cell may be quoted, or rows are not all alike."""
    content = content.replace(b"\r\n", b"\n").strip(b"\n")
    if b'"' in content or b"\r" in content or b"\0" in content:
        return None
    mark = ord(divider)
    width = content.partition(b"\n")[0].count(divider.encode()) + 1
    letters = np.frombuffer(content, dtype=np.uint8)
    marks = np.append(letters[(letters == mark) | (letters == LINE_END)], np.uint8(LINE_END))
    if width < 2 or len(marks) % width:  # of a single column an empty line would be a cell
        return None
    rows = marks.reshape(-1, width)
    if not ((rows[:, :-1] == mark).all() and (rows[:, -1] == LINE_END).all()):
        return None
    cells = content.decode("utf-8").replace("\n", divider).split(divider)
    names = cells[:width]
    if len(set(names)) < width:
        return None
    return {name: cells[place::width] for name, place in zip(names, range(width, 2 * width), strict=True)}


def _read(content: bytes, divider: str) -> dict[str, list[str]]:
    with cells_up_to(MOST_CELL):
        spaced = content.partition(b'"')[0].endswith(divider.encode() + b" ")  # a, "b": the quote opens after the space
        text = io.StringIO(content.decode("utf-8"), newline="")
        rows = csv.reader(text, strict=True, delimiter=divider, skipinitialspace=spaced)
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
