"""The table of every key of a sweep file, as Markdown, from the schema: the lower part of docs/sweep_file.md.

`python -m sweeps.config.reference docs/sweep_file.md` writes it again below the mark; what stands above is written by
hand. A test keeps the two in step.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from sweeps.config.confirm_rules import DEFAULT_SEEDS
from sweeps.config.container_types import Either, Field, Many, Names, Table, Tagged
from sweeps.config.scalar_types import Kind, Null, Removable
from sweeps.config.schema import ROOT, Patch
from sweeps.config.search_types import POINT, AxisKind
from sweeps.config.spec import ConfirmSpec, DataSpec, FinalistsSpec, NotifySpec, SweepSpec, TrainSpec
from trainables.config import DEFAULT_ASHA, TrialConfig
from trainables.registry import task_class

MARK = "<!-- below: written by `python -m sweeps.config.reference docs/sweep_file.md` -->"
REQUIRED = "*required*"
WORDS = {
    "backbone": "*required, unless `search.backbone` opens it*",
    "objective.mode": "the metric's",
    "search.model_size": REQUIRED,
    "search.alpha_ratio": "none",
    "search.backbone": "the `backbone` at the top",
    "task.classification.labels": "those of the data",
    "task.multilabel.labels": "those of the data",
    "task.regression.names": "those of the columns",
    "task.regression.centre": "that of the training clips",
    "task.regression.spread": "that of the training clips",
    "data.columns": "the names themselves",
    "data.layout": "guessed, and said",
    "data.audio_folder": "the manifest's own folder",
    "data.skip": "none",
    "data.store": "int16",
}
ANY_AXIS = "an axis that is a `choice` without `when:`"  # in place of a list of all axes


def page(head: str) -> str:
    """The whole page: `head` up to and with the mark, then the table."""
    above, mark, _ = head.partition(MARK)
    if not mark:
        raise ValueError(f"the page has no line {MARK}")
    return f"{above}{MARK}\n\n{markdown()}"


def markdown() -> str:
    """Every key with its values, its default and its use, a table for each mapping."""
    parts = [_section("The keys at the top", "", ROOT)]
    for name, entry in ROOT.fields.items():
        parts += [_section(f"`{title}`", path, table) for title, path, table in _tables(name, entry.kind)]
    return "\n\n".join(parts) + "\n"


def _tables(path: str, kind: Kind) -> Iterator[tuple[str, str, Table]]:
    """(title, path of its keys, table) of a kind and of all within it. A configuration repeats the axes: no table."""
    if isinstance(kind, Table) and kind is not POINT:
        yield path, path, kind
        for name, entry in kind.fields.items():
            yield from _tables(f"{path}.{name}", entry.kind)
    elif isinstance(kind, Tagged):
        for name, table in kind.tables.items():
            yield f"{path}: {{{kind.tag}: {name}, ...}}", f"{path}.{name}", table
    elif isinstance(kind, Either):
        for option in kind.options:
            yield from _tables(path, option)


def _section(title: str, path: str, table: Table) -> str:
    opened = any(_axis(entry.kind) is not None for entry in table.fields.values())
    heads = ["key", "value", *(["as an axis, also"] if opened else []), "default", "use"]
    rows = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    defaults = _defaults()
    for name, entry in table.fields.items():
        key = f"{path}.{name}" if path else name
        cells = [f"`{name}`", ANY_AXIS if key == "finalists.per" else _values(entry.kind)]
        if opened:
            axis = _axis(entry.kind)
            cells.append(", ".join(f"`{form}`" for form in axis.forms) if axis else "")
        rows.append(f"| {' | '.join([*cells, _default(key, entry, defaults), entry.help])} |")
    return "\n".join([f"### {title}", "", *rows])


def _axis(kind: Kind) -> AxisKind | None:
    inner = kind.kind if isinstance(kind, Removable) else kind
    return inner if isinstance(inner, AxisKind) else None


def _values(kind: Kind) -> str:
    axis = _axis(kind)
    if axis is not None:
        return axis.value.expected
    if kind is POINT:
        return "a mapping: an axis -> its value"
    if isinstance(kind, Table) and not any(entry.help for entry in kind.fields.values()):  # nothing to say of each
        return f"a mapping from those to {_values(next(iter(kind.fields.values())).kind)} each"
    if isinstance(kind, Table | Patch):
        return "a mapping, below" if isinstance(kind, Table) else kind.expected
    if isinstance(kind, Tagged):
        return f"a mapping with `{kind.tag}`, below"
    if isinstance(kind, Either):
        return ", or ".join(_values(option) for option in kind.options)
    if isinstance(kind, Many):
        return f"a list, each {_values(kind.item)}"
    if isinstance(kind, Names):
        return f"a mapping: a name of your own -> {_values(kind.value)}"
    return kind.expected


def _default(key: str, entry: Field, defaults: Mapping[str, Any]) -> str:
    if key in WORDS:
        return WORDS[key]
    if entry.required:
        return REQUIRED
    if key not in defaults:
        return ""
    axis = _axis(entry.kind)
    kind = axis.value if axis is not None else entry.kind
    nullable = isinstance(kind, Either) and any(isinstance(option, Null) for option in kind.options)
    return "`null`" if nullable and defaults[key] is None else _shown(defaults[key])


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`" if value else "none"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _defaults() -> dict[str, Any]:
    """Dotted key -> what holds where it is left out, from the dataclasses that the file becomes."""
    data, trial, sweep = _fields(DataSpec), _fields(TrialConfig), _fields(SweepSpec)
    tables = (dict, ConfirmSpec, NotifySpec)  # which have entries of their own
    found = {name: sweep[name] for name in ROOT.fields if name in sweep and not isinstance(sweep[name], tables)}
    found["finalists"] = FinalistsSpec().count
    for key, values in (("train", _fields(TrainSpec)), ("search", trial), ("augment", trial), ("limits", sweep)):
        found |= {f"{key}.{name}": value for name, value in values.items()}
    found |= {f"data.splits.{name}": data[name] for name in ("validation", "test")}
    found |= {"data.folds.inner": data["inner_folds"], "data.folds.outer": data["outer_folds"]}
    found |= {f"seeds.{stage}": seeds for stage, seeds in DEFAULT_SEEDS.items()}
    found |= {f"asha.{name}": value for name, value in DEFAULT_ASHA.items()}
    found |= {f"confirm.{name}": value for name, value in _fields(ConfirmSpec).items()}
    found |= {f"notify.{name}": value for name, value in _fields(NotifySpec).items()}
    found |= {f"finalists.{name}": value for name, value in _fields(FinalistsSpec).items()}
    kinds = ROOT.fields["task"].kind
    assert isinstance(kinds, Tagged)
    for kind in kinds.tables:
        found |= {f"task.{kind}.{name}": value for name, value in _fields(task_class(kind)).items()}
    return found


def _fields(cls: Any) -> dict[str, Any]:
    """Name -> default of the dataclass's fields that have one; an empty mapping for those that make one."""
    return {
        field.name: {} if field.default is MISSING else field.default
        for field in fields(cls)
        if field.default is not MISSING or field.default_factory is not MISSING
    }


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(page(file.read_text(encoding="utf-8")), encoding="utf-8")
