"""YAML text -> values that know their line. Nothing here knows what a sweep is.

YAML 1.1 has traps, and PyYAML follows it: `1e-3` is text, `010` is eight, `1:30` is ninety, `no` is false. Here numbers
are those of YAML 1.2 (`1e-3` is a number, `010` is ten, `1:30` is text), and a scalar remembers how it was written, so
that a reader can say "put it in quotes" where text was meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from trainables.errors import InputError

MAX_BYTES = 262_144  # no sweep file comes near; stops a wrong file (audio, a data set) before it is parsed
MAX_DEPTH = 32
MAX_NODES = 20_000  # counted after aliases are expanded, so that a few lines cannot become millions of nodes

_BOOL = re.compile(r"^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$")
_INT = re.compile(r"^[-+]?[0-9]+$")
_FLOAT = re.compile(
    r"^(?:[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_NULL = re.compile(r"^(?:~|null|Null|NULL|)$")
_TAG = "tag:yaml.org,2002:"
_MAP, _SEQ = _TAG + "map", _TAG + "seq"

Path = tuple[str | int, ...]


class Broken:
    """Stands where a value could not be read; the problem is already reported."""

    def __repr__(self) -> str:
        return "BROKEN"


BROKEN = Broken()
Scalar = None | bool | int | float | str


@dataclass(frozen=True)
class Node:
    """A value, where it was written (`file:line`, or the override on the command line), and how."""

    value: Scalar | Broken | tuple[Node, ...] | dict[str, Node]
    where: str
    raw: str = ""  # a scalar as written, without quotes
    replaced_by: str = ""  # miniature | command line, where one of them put it here, or something below it

    def plain(self) -> Any:
        """Without places. `off`, `no` and the like are the words that they are in YAML 1.2."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, tuple):
            return [child.plain() for child in self.value]
        if isinstance(self.value, bool) and self.raw.lower() not in ("true", "false"):
            return self.raw
        return self.value

    def at(self, path: Path) -> Node | None:
        """The node at a path; None where there is none."""
        node: Node = self
        for step in path:
            if isinstance(node.value, dict) and step in node.value:
                node = node.value[str(step)]
            elif isinstance(node.value, tuple) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            else:
                return None
        return node

    def locate(self, path: Path) -> str:
        """Where the deepest part of a path stands that exists."""
        for length in range(len(path), 0, -1):
            node = self.at(path[:length])
            if node is not None:
                return node.where
        return self.where


def show_path(path: Path) -> str:
    """`search.rank.choice[2]`"""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{one_line(step)}" if text else one_line(step)
    return text


def one_line(text: str, limit: int = 80) -> str:
    """For messages: control characters escaped, the rest of a long text left out."""
    shown = text if text.isprintable() else repr(text)[1:-1]
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own attribute


class _Dumper(yaml.SafeDumper):
    """Quotes text that either version of YAML, or the loader above, would take for something else."""


for _tag, _pattern, _first in (
    ("bool", _BOOL, "yYnNtTfFoO"),
    ("int", _INT, "-+0123456789"),
    ("float", _FLOAT, "-+0123456789."),
    ("null", _NULL, ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(_TAG + _tag, _pattern, list(_first))
_Dumper.add_implicit_resolver(_TAG + "float", _FLOAT, list("-+0123456789."))


def dump(values: Mapping[str, Any]) -> str:
    """Plain values as YAML that `parse` reads back as the same values."""
    text: str = yaml.dump(dict(values), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def parse(text: str, name: str, *, numbered: bool = True) -> tuple[Node, list[str]]:
    """One YAML document as a tree, and the problems that do not stop the reading of the rest.

    `name` goes before each problem, with the line where `numbered`.
    Raises InputError for text that is no single, finite YAML document.
    """
    where = f"{name}:1" if numbered else name
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise InputError(f"{where}: longer than {MAX_BYTES} bytes, which no sweep file is; is this another file?")
    try:
        _check_size(text, where)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"{name}:{mark.line + 1}" if numbered and mark is not None else name
        hint = "" if numbered else "; text with special characters goes in quotes"
        raise InputError(f"{line}: not valid YAML: {error.problem or error.context}{hint}.") from None
    except yaml.reader.ReaderError as error:
        line = f"{name}:{text.count(chr(10), 0, error.position) + 1}" if numbered else name
        raise InputError(f"{line}: not valid YAML: a character that text may not hold ({error.reason}).") from None
    if root is None:
        return Node(None, where), []
    return _Converter(name, numbered).convert(root)


def _check_size(text: str, where: str) -> None:
    """Before composing, which recurses: nesting and number of nodes, read off the flat stream of events."""
    depth = nodes = 0
    for event in yaml.parse(text, Loader=_Loader):
        nodes += isinstance(event, yaml.NodeEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            raise InputError(f"{where}: nested deeper than {MAX_DEPTH} levels, or more than {MAX_NODES} values.")


class _Converter:
    def __init__(self, name: str, numbered: bool) -> None:
        self.name, self.numbered = name, numbered
        self.problems: list[str] = []
        self.left = MAX_NODES

    def convert(self, root: yaml.Node) -> tuple[Node, list[str]]:
        return self._node(root, 0), self.problems

    def _where(self, node: yaml.Node) -> str:
        return f"{self.name}:{node.start_mark.line + 1}" if self.numbered else self.name

    def _node(self, node: yaml.Node, depth: int) -> Node:
        where = self._where(node)
        self.left -= 1
        if depth > MAX_DEPTH or self.left < 0:
            raise InputError(f"{where}: aliases (*name) that grow beyond {MAX_NODES} values or refer to themselves.")
        if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            return Node(self._mapping(node, depth), where)
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
            return Node(tuple(self._node(child, depth + 1) for child in node.value), where)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, where)
        return self._refuse(node, where)

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for key, child in node.value:
            where = self._where(key)
            if not isinstance(key, yaml.ScalarNode):
                self.problems.append(f"{where}: a key must be a plain word, not a list or a mapping.")
            elif key.value in entries:
                first = entries[key.value].where
                self.problems.append(
                    f"{where}: {one_line(key.value)}: the key stands twice (first at {first}); keep one."
                )
            else:
                entries[key.value] = replace(self._node(child, depth + 1), where=where)
        return entries

    def _scalar(self, node: yaml.ScalarNode, where: str) -> Node:
        raw: str = node.value
        try:
            match node.tag.removeprefix(_TAG):
                case "str":
                    return Node(raw, where, raw)
                case "null":
                    return Node(None, where, raw)
                case "bool":
                    return Node(raw.lower() in ("yes", "true", "on"), where, raw)
                case "int":
                    return Node(int(raw), where, raw)
                case "float":
                    return Node(float(re.sub(r"^([-+]?)\.(?=[a-zA-Z])", r"\1", raw)), where, raw)
        except ValueError:
            self.problems.append(f"{where}: {one_line(raw)} cannot be read as a number.")
            return Node(BROKEN, where)
        return self._refuse(node, where)

    def _refuse(self, node: yaml.Node, where: str) -> Node:
        tag = one_line(node.tag.replace(_TAG, "!!"))
        self.problems.append(f"{where}: the tag {tag} is not allowed: a sweep file holds plain values only.")
        return Node(BROKEN, where)
