"""Replaces published model sizes by the miniature's, wherever a sweep names one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sweeps.config.axis import Axis
from sweeps.config.spec import SweepSpec
from trainables.errors import InputError

SIZE, BACKBONE = "model_size", "backbone"
Sizes = Sequence[str] | Mapping[str, Sequence[str]]  # of the sweep's backbone, or by the backbone's name
Table = Mapping[str, str]  # published size -> the miniature's


def stand_in(spec: SweepSpec, miniature: Sizes, published: Sizes | None = None) -> SweepSpec:
    """The spec with the first published size replaced by the first of the miniature, and so on; a further one becomes
    the last. Choices that fall together are one choice.

    Where the search opens the backbone, sizes are given by backbone, and an axis of sizes becomes one for each.
    Without `published`, the order is that in which the spec names sizes. Raises InputError for a size that is neither.
    """
    if isinstance(miniature, Mapping):
        assert isinstance(published, Mapping)
        tables = {name: _table(name, of_backbone(spec, name), miniature[name], published[name]) for name in miniature}
    else:
        assert not isinstance(published, Mapping)
        tables = {spec.backbone: _table(spec.backbone, _named(spec), miniature, published)}

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


def of_backbone(spec: SweepSpec, backbone: str) -> list[str]:
    """The sizes that the search, the baseline and the warm starts name for one of several backbones."""
    found = [value for axis in spec.axes if axis.name == SIZE and _may_be(axis, backbone) for value in axis.values]
    found += [spec.fixed[SIZE]] if SIZE in spec.fixed else []
    points = (spec.baseline, *spec.warm_start)
    return found + [point[SIZE] for point in points if SIZE in point and point.get(BACKBONE) == backbone]


def _may_be(axis: Axis, backbone: str) -> bool:
    return backbone in axis.when.get(BACKBONE, (backbone,))


def _axes(axis: Axis, backbone: str, tables: Mapping[str, Table]) -> list[Axis]:
    def of(axis: Axis, table: Table) -> Axis:
        when = {name: _small(values, table) if name == SIZE else values for name, values in axis.when.items()}
        return replace(axis, values=_small(axis.values, table) if axis.name == SIZE else axis.values, when=when)

    if backbone:
        return [of(axis, tables[backbone])]
    if axis.name != SIZE and SIZE not in axis.when:
        return [axis]
    possible = [name for name in tables if _may_be(axis, name)]
    return [of(replace(axis, when={**axis.when, BACKBONE: (name,)}), tables[name]) for name in possible]


def _small(values: Sequence[Any], table: Table) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(table.get(value, value) for value in values))


def _table(backbone: str, sizes: Sequence[str], miniature: Sequence[str], published: Sequence[str] | None) -> Table:
    named = list(dict.fromkeys(sizes))
    order = list(published) if published is not None else [size for size in named if size not in miniature]
    unknown = [size for size in named if size not in order and size not in miniature]
    if unknown:
        raise InputError(f"model_size: {backbone} has no size {', '.join(unknown)}; its sizes: {', '.join(order)}.")
    return {size: miniature[min(index, len(miniature) - 1)] for index, size in enumerate(order)}


def _named(spec: SweepSpec) -> list[str]:
    """Sizes in the order of the search, then of the baseline and the warm starts."""
    found = [value for axis in spec.axes if axis.name == SIZE for value in axis.values]
    found += [values for axis in spec.axes for name, wanted in axis.when.items() if name == SIZE for values in wanted]
    return found + [point[SIZE] for point in (spec.fixed, spec.baseline, *spec.warm_start) if SIZE in point]
