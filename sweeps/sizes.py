"""On the miniature its sizes stand in for the published ones, wherever a sweep names one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sweeps.spec import Axis, SweepSpec
from trainables.errors import InputError

SIZE = "model_size"


def stand_in(spec: SweepSpec, miniature: Sequence[str], published: Sequence[str] | None = None) -> SweepSpec:
    """The spec with the first published size replaced by the first of the miniature, and so on; a further one becomes
    the last. Choices that fall together are one choice.

    Without `published`, the order is that in which the spec names sizes. Raises InputError for a size that is neither.
    """
    named = list(dict.fromkeys(_named(spec)))
    order = list(published) if published is not None else [size for size in named if size not in miniature]
    unknown = [size for size in named if size not in order and size not in miniature]
    if unknown:
        raise InputError(
            f"model_size: {spec.backbone} has no size {', '.join(unknown)}; its sizes: {', '.join(order)}."
        )
    small = {size: miniature[min(index, len(miniature) - 1)] for index, size in enumerate(order)}

    def point(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: small.get(value, value) if name == SIZE else value for name, value in values.items()}

    def sizes(values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(small.get(value, value) for value in values))

    def axis(old: Axis) -> Axis:
        when = {name: sizes(values) if name == SIZE else values for name, values in old.when.items()}
        return replace(old, values=sizes(old.values) if old.name == SIZE else old.values, when=when)

    return replace(
        spec,
        axes=tuple(axis(old) for old in spec.axes),
        fixed=point(spec.fixed),
        baseline=point(spec.baseline),
        warm_start=tuple(point(start) for start in spec.warm_start),
    )


def _named(spec: SweepSpec) -> list[str]:
    """Sizes in the order of the search, then of the baseline and the warm starts."""
    found = [value for axis in spec.axes if axis.name == SIZE for value in axis.values]
    found += [values for axis in spec.axes for name, wanted in axis.when.items() if name == SIZE for values in wanted]
    return found + [point[SIZE] for point in (spec.fixed, spec.baseline, *spec.warm_start) if SIZE in point]
