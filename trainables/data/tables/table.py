"""A table as any reader gives it: rows with their places, and the rows that are broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Row = tuple[str, Mapping[str, Any]]  # where it stands ("clips.csv line 3"), and its values


@dataclass
class Table:
    rows: list[Row] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)  # where, and one sentence without the place
    form: str = ""  # how it is written: "divided by ;"
    guesses: list[str] = field(default_factory=list)  # sentences for the account
