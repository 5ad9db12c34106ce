"""A cell that holds the labels of a clip: a list, a list as JSON, Python or NumPy write it, or texts with a separator
between them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from trainables.data.tables.values import BadCell, kind, name_of, number, shown
from trainables.errors import InputError

USUAL = (";", "|", ",")
SEVERAL = "Clips of several labels need another task (`task: {kind: multilabel}`)."
_QUOTED = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_LIST = re.compile(rf"[\[({{]\s*(?:{_QUOTED}(?:\s*,\s*|\s+|\s*(?=[\])}}])))*[\])}}]", re.DOTALL)


def labels_of(name: str, value: Any, separator: str | None) -> list[str]:
    """The labels in their order, each once; none where the cell is empty: nothing is heard.

    Raises BadCell: a text that may be one label or several, where nobody has said what stands between them.
    """
    if value is None:
        return []
    if isinstance(value, str):
        value = _written(name, value, separator)
    if not isinstance(value, list | tuple):
        value = [value]
    if any(isinstance(label, list | tuple | dict) or label is None for label in value):
        raise BadCell(f"{name} must be a list of labels, is {shown(value)}.", f"labels {kind(value)}")
    found = (name_of(name, label) for label in value)
    return list(dict.fromkeys(label for label in found if label))


def _written(name: str, text: str, separator: str | None) -> list[Any]:
    listed = _listed(text.strip())
    if listed is not None:
        return listed
    if text.strip().startswith("["):
        raise BadCell(f"{name} begins as a list and is none: {shown(text)}.", "labels unwritten")
    if separator is not None:
        return text.split(separator)
    between = next((mark for mark in USUAL if mark in text), None)
    if between is not None:
        raise BadCell(
            f'{name} is {shown(text)}: one label, or several? Say `data.separator: "{between}"` where that stands '
            "between labels; where it is part of a label, write the cells as JSON lists.",
            "labels undivided",
        )
    return [text]


def _listed(text: str) -> list[Any] | None:
    """What a list holds that is written as text; None where it is no list."""
    if text.startswith("["):
        try:
            return list(json.loads(text))
        except (ValueError, RecursionError):
            pass
    if not _LIST.fullmatch(text):
        return None
    # never `literal_eval`: NumPy writes no commas, and Python joins texts that stand side by side
    return [re.sub(r"\\(.)", r"\1", quoted[1:-1]) for quoted in re.findall(_QUOTED, text, re.DOTALL)]


def refuse_places(name: str, values: Iterable[Any]) -> None:
    """Raises InputError: the lists are vectors with a 0 or 1 for each label, whose names they do not give."""
    lists = [_listed(value.strip()) if isinstance(value, str) else value for value in values if value is not None]
    vectors = [of for of in lists if isinstance(of, list | tuple) and len(of) > 1]
    lengths = {len(of) for of in vectors}
    if not vectors or len(vectors) < len(lists) or len(lengths) > 1:
        return
    bits = [[bool(entry) if isinstance(entry, bool) else number(entry) for entry in of] for of in vectors]
    if all(bit in (0, 1) for of in bits for bit in of) and any(len(set(of)) < len(of) for of in bits):
        raise InputError(
            f"The column {name!r} holds lists of {lengths.pop()} zeros and ones, a place for each label, such as "
            f"{shown(vectors[0])}; the names of the labels are not there. Write lists of names, or a column of 0 and 1 "
            "for each label (`data.columns: {labels: [dog, rain]}`)."
        )
