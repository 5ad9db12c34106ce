"""Kinds of values made of others: lists, alternatives, mappings. Like those in `scalar_types.py` they never raise."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sweeps.config.located_yaml import Node, Path
from sweeps.config.scalar_types import ABSENT, INVALID, Kind, Name, Problems, nearest, nearest_of, read, show


@dataclass(frozen=True)
class Many:
    """A list. `unique`: no value twice; `bare`: a single value may stand without the list."""

    item: Kind
    at_least: int = 1
    unique: bool = True
    bare: bool = False

    @property
    def expected(self) -> str:
        return f"a list, each {self.item.expected}"

    def fits(self, node: Node) -> bool:
        return isinstance(node.value, tuple) or (self.bare and self.item.fits(node))

    def read(self, node: Node, path: Path, problems: Problems) -> Any:
        if not isinstance(node.value, tuple):
            value = read(self.item, node, path, problems)
            return INVALID if value is INVALID else (value,)
        values = [read(self.item, child, (*path, index), problems) for index, child in enumerate(node.value)]
        if len(values) < self.at_least:
            problems.add(path, f"expected {self.at_least} or more values, got {len(values)}")
            return INVALID
        if self.unique:
            for index, value in enumerate(values):
                if value is not INVALID and value in values[:index]:
                    problems.add((*path, index), f"{show(node.value[index])} stands twice in the list; keep one")
                    return INVALID
        return INVALID if INVALID in values else tuple(values)

    def json_schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "array", "items": self.item.json_schema(), "minItems": self.at_least}
        if self.unique:
            schema["uniqueItems"] = True
        return {"anyOf": [schema, self.item.json_schema()]} if self.bare else schema


@dataclass(frozen=True)
class Either:
    """The first of several kinds whose shape fits."""

    options: Sequence[Kind]

    @property
    def expected(self) -> str:
        return ", or ".join(option.expected for option in self.options)

    def fits(self, node: Node) -> bool:
        return any(option.fits(node) for option in self.options)

    def read(self, node: Node, path: Path, problems: Problems) -> Any:
        return next(option for option in self.options if option.fits(node)).read(node, path, problems)

    def json_schema(self) -> dict[str, Any]:
        return {"anyOf": [option.json_schema() for option in self.options]}


@dataclass(frozen=True)
class Field:
    kind: Kind
    help: str = ""
    required: bool = False

    def json_schema(self) -> dict[str, Any]:
        return {**self.kind.json_schema(), **({"description": self.help} if self.help else {})}


@dataclass(frozen=True)
class Table:
    """A mapping with known keys. `elsewhere`: names often written here that belong to another place; `rivals`: two keys
    of which only one may be there."""

    fields: Mapping[str, Field]
    elsewhere: dict[str, str] = field(default_factory=dict)
    rivals: tuple[str, str] | None = None

    @property
    def expected(self) -> str:
        return f"a mapping with keys out of {', '.join(self.fields)}"

    def fits(self, node: Node) -> bool:
        return isinstance(node.value, dict)

    def read(self, node: Node, path: Path, problems: Problems) -> Any:
        assert isinstance(node.value, dict)
        values: dict[str, Any] = {}
        for key, child in node.value.items():
            if key in self.fields:
                value = read(self.fields[key].kind, child, (*path, key), problems)
                if value is not INVALID and value is not ABSENT:
                    values[key] = value
            elif key in self.elsewhere:
                problems.add((*path, key), f"unknown key here: write {self.elsewhere[key]}")
            else:
                meant = nearest_of(key, self.fields)
                if meant is not None and meant not in node.value:
                    problems.mark((*path, meant))  # neither missing, nor to be judged by rules
                problems.add((*path, key), f"unknown key ({nearest(key, self.fields)})")
        for key, entry in self.fields.items():
            if entry.required and key not in values and not problems.touch(*path, key):
                problems.add((*path, key), f"missing: expected {entry.kind.expected}")
        if self.rivals is not None and all(key in values for key in self.rivals):
            problems.add((*path, self.rivals[1]), f"stands beside {self.rivals[0]}: keep one of the two")
        return values

    def json_schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {key: entry.json_schema() for key, entry in self.fields.items()},
        }
        required = [key for key, entry in self.fields.items() if entry.required]
        if self.rivals is not None:
            schema["not"] = {"required": list(self.rivals)}
        return {**schema, "required": required} if required else schema


@dataclass(frozen=True)
class Names:
    """A mapping whose keys are the user's own."""

    value: Kind
    key: str = r"[A-Za-z][A-Za-z0-9_-]*"

    @property
    def expected(self) -> str:
        return "a mapping of names"

    def fits(self, node: Node) -> bool:
        return isinstance(node.value, dict)

    def read(self, node: Node, path: Path, problems: Problems) -> Any:
        assert isinstance(node.value, dict)
        values: dict[str, Any] = {}
        for key, child in node.value.items():
            if not re.fullmatch(self.key, key):
                problems.add((*path, key), "a name starts with a letter and has letters, digits, _ and - only")
            value = read(self.value, child, (*path, key), problems)
            if value is not INVALID:
                values[key] = value
        return values

    def json_schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^{self.key}$"},
            "additionalProperties": self.value.json_schema(),
        }


@dataclass(frozen=True)
class Tagged:
    """A mapping in which the value of `tag` says which further keys there are."""

    tag: str
    tables: Mapping[str, Table]
    what: str

    @property
    def expected(self) -> str:
        return f"a mapping with {self.tag} ({self.what} {', '.join(self.tables)})"

    def fits(self, node: Node) -> bool:
        return isinstance(node.value, dict)

    def read(self, node: Node, path: Path, problems: Problems) -> Any:
        assert isinstance(node.value, dict)
        tag = Field(Name(tuple(self.tables), self.what), required=True)
        chosen = node.value.get(self.tag)
        table = self.tables.get(str(chosen.value)) if chosen is not None else None
        if table is None:  # which other keys there may be is not known
            only_tag = Node({self.tag: chosen} if chosen is not None else {}, node.where)
            Table({self.tag: tag}).read(only_tag, path, problems)
            return INVALID
        return Table({self.tag: tag, **table.fields}).read(node, path, problems)

    def json_schema(self) -> dict[str, Any]:
        options = []
        for name, table in self.tables.items():
            schema = table.json_schema()
            schema["properties"] = {self.tag: {"const": name}, **schema["properties"]}
            schema["required"] = [self.tag, *schema.get("required", [])]
            options.append(schema)
        return options[0] if len(options) == 1 else {"anyOf": options}
