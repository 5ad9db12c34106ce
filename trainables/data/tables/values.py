"""Values of cells: what is empty, numbers, and texts that serve as names."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from decimal import Decimal
from typing import Any

from trainables.errors import InputError

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LONGEST_NUMBER = 40  # characters


class BadCell(InputError):
    """What is wrong with a value. Of one `kind` it is said once, with the first value as its example."""

    def __init__(self, problem: str, kind: str) -> None:
        super().__init__(problem)
        self.kind = kind


def filled(value: Any) -> Any:
    """None for what stands for nothing in one of the formats."""
    if type(value) is str:
        return value if value and not value.isspace() else None
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        return None
    return None if isinstance(value, float) and math.isnan(value) else value


def number(value: Any) -> float | None:
    """None where the value is no finite number; a boolean is none."""
    if isinstance(value, str):
        value = value.strip()
        if len(value) > _LONGEST_NUMBER or not _NUMBER.fullmatch(value):
            return None
    elif isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def number_problem(name: str, value: Any) -> BadCell:
    hint = how = ""
    if isinstance(value, str):
        if re.fullmatch(r"\s*-?\d+,\d+\s*", value):
            how, hint = "comma", f"; write {value.strip().replace(',', '.')} with a point"
        elif clock := re.fullmatch(r"\s*(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,9})?)\s*", value):
            hours, minutes, seconds = clock.groups()
            how, hint = (
                "clock",
                f"; write seconds: {int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(',', '.')):g}",
            )
    kind_of = how or kind(value)
    return BadCell(f"{name} must be a number of at least 0, is {shown(value)}{hint}.", f"{name} {kind_of}")


def name_of(what: str, value: Any) -> str:
    """A label, a group, an id: text without white space at its ends and in Unicode's composed form (NFC), whole numbers
    without `.0`. Raises InputError: lists, objects and whatever else is neither text nor number."""
    if isinstance(value, str):
        return value.strip() if value.isascii() else unicodedata.normalize("NFC", value.strip())
    if isinstance(value, bool):
        return str(value)
    return _number_text(what, value)


def text_of(what: str, value: Any) -> str:
    """A transcript, as it stands. Raises InputError: neither text nor number."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        raise BadCell(f"{what} is {json.dumps(value)}, a boolean; a text is wanted.", f"{what} bool")
    return _number_text(what, value)


def _number_text(what: str, value: Any) -> str:
    try:
        if isinstance(value, int):
            return str(value)
        if isinstance(value, float | Decimal) and math.isfinite(value):
            return str(int(value)) if value == int(value) and -(2**53) < value < 2**53 else str(value)
    except (ValueError, OverflowError):
        pass
    raise BadCell(f"{what} is {kind(value)} ({shown(value)}); a text or a number is wanted.", f"{what} {kind(value)}")


def kind(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, float):
        return "no finite number"
    if isinstance(value, bytes):
        return "bytes"
    known = {bool: "a boolean", int: "a number", str: "a text"}
    return known.get(type(value), f"a value of the type {type(value).__name__}")


def shown(value: Any) -> str:
    try:
        written = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else repr(value)
    except (TypeError, ValueError, RecursionError):
        written = kind(value)
    return written if len(written) <= 60 else written[:60] + "..."
