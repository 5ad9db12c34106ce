"""The options of a task, as fields of its dataclass that a sweep file's reader understands. Loads no torch.

Each field becomes a key of the file's `task:`. What kind of value it takes follows from the annotation (`str`, `int`,
`float`, `tuple[..., ...]` of these, `Mapping[str, ...]` from the choices to numbers, or a union of them; None in a
union only says that the key may be left out), what else holds for the value from `option`.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field
from typing import Any

OPTION = "option"  # where a field's metadata hold it


@dataclass(frozen=True)
class Option:
    """What a file's reader is to know about a field besides its name, its annotation and whether it has a default."""

    help: str  # a sentence for editors and documents
    choices: tuple[str, ...] = ()  # the only texts, and the only keys of a mapping
    pattern: str = ""  # of the whole text; empty: any that is not blank
    rule: str = ""  # the pattern in words
    minimum: float | None = None  # of a number
    above: float | None = None  # of a number, which must be greater
    at_least: int = 1  # entries of a list
    unique: bool = True  # no entry of a list stands twice


def option(help: str, *, default: Any = MISSING, **rules: Any) -> Any:
    """A dataclass field; without `default` the file has to give it. `rules` are fields of `Option`."""
    return field(default=default, metadata={OPTION: Option(help, **rules)})
