"""Replaces published model sizes by the miniature's, wherever a sweep names one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sweeps.config.axis import Axis
from sweeps.config.spec import SweepSpec
from trainables.errors import InputError

SIZE, BACKBONE = "model_size", "backbone"
Sizes = Mapping[str, Sequence[str]]  # by the backbone's name
Table = Mapping[str, str]  # published size -> the miniature's


def stand_in(spec: SweepSpec, miniature: Sizes, published: Sizes) -> SweepSpec:
    """The spec with the first published size of a backbone replaced by the first of its miniature, and so on; a further
    one becomes the last. Choices that fall together are one choice.

    Where the search opens the backbone, an axis of sizes becomes one for each backbone. Raises InputError for a size
    that is neither.
    """
    tables = {name: _table(name, _named(spec, name), miniature[name], published[name]) for name in spec.backbones}

    def point(values: Mapping[str, Any]) -> dict[str, Any]:
        table = tables.get(values.get(BACKBONE, spec.backbone), {})
        return {name: table.get(value, value) if name == SIZE else value for name, value in values.items()}

    fixed = dict(spec.fixed)
    axes = list(spec.axes)
    if not spec.backbone and SIZE in fixed:  # one name, and on every backbone another size
        at = next(index for index, axis in enumerate(axes) if axis.name == BACKBONE) + 1
        axes.insert(at, Axis(SIZE, "choice", (fixed.pop(SIZE),)))
    return replace(
        spec,
        axes=tuple(small for axis in axes for small in _axes(axis, spec.backbone, tables)),
        fixed=point(fixed),
        baseline=point(spec.baseline),
        warm_start=tuple(point(start) for start in spec.warm_start),
    )


def _axes(axis: Axis, backbone: str, tables: Mapping[str, Table]) -> list[Axis]:
    def of(axis: Axis, table: Table) -> Axis:
        when = {name: _small(values, table) if name == SIZE else values for name, values in axis.when.items()}
        return replace(axis, values=_small(axis.values, table) if axis.name == SIZE else axis.values, when=when)

    if backbone:
        return [of(axis, tables[backbone])]
    if axis.name != SIZE and SIZE not in axis.when:
        return [axis]
    possible = [name for name in tables if axis.may_be_of(name)]
    return [of(replace(axis, when={**axis.when, BACKBONE: (name,)}), tables[name]) for name in possible]


def _small(values: Sequence[Any], table: Table) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(table.get(value, value) for value in values))


def _table(backbone: str, named: Sequence[str], miniature: Sequence[str], published: Sequence[str]) -> Table:
    unknown = [size for size in named if size not in published and size not in miniature]
    if unknown:
        raise InputError(f"model_size: {backbone} has no size {', '.join(unknown)}; its sizes: {', '.join(published)}.")
    return {size: miniature[min(index, len(miniature) - 1)] for index, size in enumerate(published)}


def _named(spec: SweepSpec, backbone: str) -> list[str]:
    """Every size that the spec names, in a condition too; of several backbones a condition does not say whose it is."""
    found = spec.sizes_of(backbone)
    if spec.backbone:
        found += [size for axis in spec.axes for size in axis.when.get(SIZE, ())]
    return list(dict.fromkeys(found))
