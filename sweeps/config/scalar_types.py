"""Kinds of values in a sweep file: each reads a located node strictly, and writes itself as JSON Schema.

A kind's `read` reports every problem that it finds and returns INVALID; it never raises. `fits` looks at the shape
alone (text, number, list, mapping), to choose between alternatives.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from sweeps.config.located_yaml import BROKEN, Node, Path, one_line, show_path

INVALID = object()  # the value is wrong, and that is reported
ABSENT = object()  # the key counts as not written


class Problems:
    """Collects problems with their place. Knows where it found some, so that rules do not report what follows."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.found: list[str] = []
        self._paths: set[Path] = set()

    def add(self, path: Path, message: str) -> None:
        self._paths.add(path)
        shown = f"{show_path(path)}: " if path else ""
        self.found.append(f"{self.root.locate(path)}: {shown}{message}.")

    def mark(self, path: Path) -> None:
        """Something is wrong there that is reported already."""
        self._paths.add(path)

    def touch(self, *path: str | int) -> bool:
        """Whether something is wrong at a path, below it, or with a whole that holds it."""
        return any(other[: len(path)] == path or path[: len(other)] == other for other in self._paths)


class Kind(Protocol):
    @property
    def expected(self) -> str: ...

    def fits(self, node: Node) -> bool: ...

    def read(self, node: Node, path: Path, problems: Problems) -> Any: ...

    def json_schema(self) -> dict[str, Any]: ...


def show(node: Node) -> str:
    value = node.value
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, tuple):
        return "a list"
    return one_line(repr(value) if isinstance(value, str) else node.raw, limit=60)


# Words that people use for a name which is spelled like another one, or like none
MEANT = {
    "gpu": "cuda", "nvidia": "cuda", "rocm": "cuda", "metal": "mps", "apple": "mps", "processor": "cpu",
    "float32": "fp32", "float": "fp32", "bfloat16": "bf16", "4bit": "nf4", "int4": "nf4", "qlora": "nf4",
}  # fmt: skip


ALIKE, SAME_WORD = 0.55, 0.7  # of difflib's ratio: worth a hint; hardly another word (`auroc` and `accuracy` have 0.62)


def nearest(name: str, known: Iterable[str]) -> str:
    """A closing half sentence: the nearest known name, or all where none is near."""
    names = list(known)
    match = nearest_of(name, names)
    return f"nearest: {match}" if match is not None else f"known: {', '.join(names)}"


def nearest_of(name: str, known: Iterable[str], least: float = ALIKE) -> str | None:
    """The known name that is meant by another word for it, else the one that is spelled most like it."""
    names = list(known)
    if (
        names
        and len({other.partition("/")[0] for other in names if "/" in other}) == 1
        and all("/" in n for n in names)
    ):
        # `val/wer` is like `val/pearson` for its split alone
        ends = {other.partition("/")[2]: other for other in names}
        end = nearest_of(name.rpartition("/")[2], ends, least=SAME_WORD)
        return None if end is None else ends[end]
    lowered = {other.lower(): other for other in names}
    if (meant := MEANT.get(name.lower())) in lowered:
        return lowered[str(meant)]
    match = difflib.get_close_matches(name.lower()[:100], list(lowered), n=1, cutoff=least)
    return lowered[match[0]] if match else None


def read(kind: Kind, node: Node, path: Path, problems: Problems) -> Any:
    """A node by its kind, INVALID where it does not fit."""
    if node.value is BROKEN:
        problems.mark(path)
        return INVALID
    if not kind.fits(node):
        problems.add(path, f"expected {kind.expected}, {_got(node, text=isinstance(kind, Text))}")
        return INVALID
    return kind.read(node, path, problems)


def _got(node: Node, *, text: bool) -> str:
    """What stands there instead; where text is wanted, quotes may be what is missing."""
    if text and isinstance(node.value, dict):
        return f"got {show(node)}; text that holds ': ' goes in quotes"
    if text and node.value is None and node.raw:
        return f'and YAML reads {node.raw} as nothing: write "{node.raw}" in quotes where the text is meant'
    return f"got {show(node)}"


@dataclass(frozen=True)
class Null:
    """`null`, with a meaning of its own."""

    meaning: str

    @property
    def expected(self) -> str:
        return f"null ({self.meaning})"

    def fits(self, node: Node) -> bool:
        return node.value is None

    def read(self, node: Node, path: Path, problems: Problems) -> Any:
        return None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "null"}


@dataclass(frozen=True)
class Removable:
    """A key that `null` takes away, so that an override can; where null is a value of its own, it stays one."""

    kind: Kind

    @property
    def expected(self) -> str:
        return self.kind.expected

    def fits(self, node: Node) -> bool:
        return node.value is None or self.kind.fits(node)

    def read(self, node: Node, path: Path, problems: Problems) -> Any:
        return self.kind.read(node, path, problems) if self.kind.fits(node) else ABSENT

    def json_schema(self) -> dict[str, Any]:
        return {"anyOf": [self.kind.json_schema(), {"type": "null"}]}


@dataclass(frozen=True)
class Text:
    """Free text that is not blank. `pattern` holds for the whole of it; `rule` says it in words."""

    pattern: str = r"(?s).*\S.*"
    rule: str = "text"

    @property
    def expected(self) -> str:
        return self.rule

    def fits(self, node: Node) -> bool:
        return isinstance(node.value, str | bool | int | float)

    def read(self, node: Node, path: Path, problems: Problems) -> Any:
        if not isinstance(node.value, str):
            what = {True: "true", False: "false"}[node.value] if isinstance(node.value, bool) else "a number"
            problems.add(
                path, f'expected {self.rule}, and YAML reads {node.raw} as {what}: write "{node.raw}" in quotes'
            )
            return INVALID
        if not re.fullmatch(self.pattern, node.value):
            problems.add(path, f"expected {self.rule}, got {show(node)}")
            return INVALID
        return node.value

    def json_schema(self) -> dict[str, Any]:
        blank = self.pattern == Text.pattern
        return {"type": "string", "pattern": r"\S" if blank else f"^(?:{self.pattern})$"}


@dataclass(frozen=True)
class Name:
    """One of a few words."""

    choices: tuple[str, ...]
    what: str = "one of"

    @property
    def expected(self) -> str:
        return f"{self.what} {', '.join(self.choices)}"

    def _word(self, node: Node) -> str | None:
        """YAML reads `off` as false: where it is one of the words, it is that word."""
        if isinstance(node.value, str):
            return node.value
        return node.raw if isinstance(node.value, bool) and node.raw in self.choices else None

    def fits(self, node: Node) -> bool:
        return self._word(node) is not None

    def read(self, node: Node, path: Path, problems: Problems) -> Any:
        word = self._word(node)
        if word in self.choices:
            return word
        problems.add(path, f"expected {self.expected}, got {show(node)} ({nearest(str(word), self.choices)})")
        return INVALID

    def json_schema(self) -> dict[str, Any]:
        return {"enum": list(self.choices)}


@dataclass(frozen=True)
class Number:
    """A finite number between bounds. `whole`: an int; `exact`: an int where it is whole, else a float."""

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None  # minimum that is itself out
    below: float | None = None  # maximum that is itself out
    whole: bool = False
    exact: bool = False

    @property
    def expected(self) -> str:
        bounds = [
            f"{word} {bound:g}" if abs(bound) < 1e6 else f"{word} {int(bound)}"
            for word, bound in (
                ("of at least", self.minimum),
                ("above", self.above),
                ("at most", self.maximum),
                ("below", self.below),
            )
            if bound is not None
        ]
        return " ".join(["a whole number" if self.whole else "a number", " and ".join(bounds)]).strip()

    def fits(self, node: Node) -> bool:
        return isinstance(node.value, int | float) and not isinstance(node.value, bool)

    def read(self, node: Node, path: Path, problems: Problems) -> Any:
        value = node.value
        assert isinstance(value, int | float)
        if not self._inside(value):
            problems.add(path, f"expected {self.expected}, got {show(node)}")
            return INVALID
        if self.whole or (self.exact and value == int(value)):
            return int(value)
        return float(value)

    def _inside(self, value: float) -> bool:
        if isinstance(value, float) and not math.isfinite(value):
            return False
        if abs(value) > 1e300 or (self.whole and value != int(value)):
            return False
        return not (
            (self.minimum is not None and value < self.minimum)
            or (self.maximum is not None and value > self.maximum)
            or (self.above is not None and value <= self.above)
            or (self.below is not None and value >= self.below)
        )

    def json_schema(self) -> dict[str, Any]:
        bounds = {
            "minimum": self.minimum,
            "maximum": self.maximum,
            "exclusiveMinimum": self.above,
            "exclusiveMaximum": self.below,
        }
        kind = "integer" if self.whole else "number"
        return {"type": kind, **{name: bound for name, bound in bounds.items() if bound is not None}}
