"""The keys of `task:` for every kind of task, from the fields of the tasks' own dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from sweeps.config.container_types import Either, Field, Many, Table
from sweeps.config.scalar_types import Kind, Name, Number, Text
from trainables.tasks.options import OPTION, Option


def options_table(task: type[Any]) -> Table:
    """Raises TypeError: a field whose annotation no key of a file can have (see `trainables.tasks.options`)."""
    hints = get_type_hints(task)
    return Table(
        {
            field.name: Field(
                kind_of(hints[field.name], field.metadata[OPTION]),
                field.metadata[OPTION].help,
                required=field.default is MISSING,
            )
            for field in fields(task)
        }
    )


def kind_of(hint: Any, option: Option) -> Kind:
    """The kind of value that an annotation and the field's option describe."""
    if get_origin(hint) in (Union, UnionType):
        kinds = [kind_of(part, option) for part in get_args(hint) if part is not NoneType]
        return kinds[0] if len(kinds) == 1 else Either(tuple(kinds))
    if get_origin(hint) is tuple:
        return Many(kind_of(get_args(hint)[0], option), at_least=option.at_least, unique=option.unique)
    if get_origin(hint) is Mapping:
        number = kind_of(get_args(hint)[1], option)
        return Table({name: Field(number) for name in option.choices})
    if hint is str:
        if option.choices:
            return Name(option.choices)
        return Text(option.pattern or Text.pattern, option.rule or Text.rule)
    if hint in (int, float):
        return Number(minimum=option.minimum, above=option.above, whole=hint is int)
    raise TypeError(f"no key of a sweep file can hold {hint}")
