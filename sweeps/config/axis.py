"""An axis of the search: which values it can take, and when it is open. Pure functions of plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Axis:
    """One open choice of `search:`. Several may have one name, with conditions of which at most one holds."""

    name: str
    kind: str  # choice | uniform | log_uniform | int | log_int
    values: tuple[Any, ...]  # choice: the choices; else (low, high), both inside
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # other axis -> values for which this is active

    def may_be_of(self, backbone: str) -> bool:
        """Whether its conditions leave this backbone possible."""
        return backbone in self.when.get("backbone", (backbone,))


def conditions(axis: Axis) -> str:
    """`rank is 16 or 32 and model_size is 7b`"""
    return " and ".join(f"{name} is {' or '.join(map(str, wanted))}" for name, wanted in axis.when.items())


def discrete_values(axis: Any) -> Sequence[Any] | None:
    """What an axis, several of one name, or a fixed value, can take; None where it is continuous."""
    if isinstance(axis, tuple):
        found = [discrete_values(one) for one in axis]
        return None if None in found else tuple(dict.fromkeys(value for values in found for value in values or ()))
    if not isinstance(axis, Axis):
        return (axis,)
    if axis.kind == "choice":
        return axis.values
    return range(axis.values[0], axis.values[1] + 1) if axis.kind in ("int", "log_int") else None


def allows(axis: Any, value: Any) -> bool:
    """Whether an axis, one of several, or a fixed value, can take this value."""
    if isinstance(axis, tuple):
        return any(allows(one, value) for one in axis)
    values = discrete_values(axis)
    if values is not None:
        return value in values
    low, high = axis.values
    return value is not None and bool(low <= value <= high)


def may_open(axis: Axis, axes: Iterable[Axis], fixed: Mapping[str, Any]) -> Axis | None:
    """The axis with those values of its conditions alone that the search can take; None where it can never be open."""
    if not axis.when:
        return axis
    when = {}
    for name, wanted in axis.when.items():
        given: list[Any] = [other for other in axes if other.name == name]
        given += [fixed[name]] if name in fixed else []
        when[name] = tuple(value for value in wanted if any(allows(one, value) for one in given))
    return replace(axis, when=when) if all(when.values()) else None


def is_active(axis: Axis, axes: Iterable[Axis], point: Mapping[str, Any]) -> bool:
    """Whether every condition holds in `point` (fixed values and values of axes). No circles among the conditions."""
    for name, wanted in axis.when.items():
        if name not in point or point[name] not in wanted:
            return False
        above = [other for other in axes if other.name == name]
        if above and not any(is_active(other, axes, point) for other in above):
            return False
    return True


def cycle(axes: Sequence[Axis]) -> list[str]:
    """The axes of one circle of conditions, the first again at the end; empty where there is none."""
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return []
        for above in dict.fromkeys(other for axis in axes if axis.name == name for other in axis.when):
            found = visit(above, [*trail, name])
            if found:
                return found
        done.add(name)
        return []

    return next((found for axis in axes if (found := visit(axis.name, []))), [])


def in_order(axes: Sequence[Axis]) -> tuple[Axis, ...]:
    """Each axis after those that its condition names, else in the file's order. No circles among the conditions."""
    ordered: list[Axis] = []

    def add(name: str) -> None:
        same = [axis for axis in axes if axis.name == name]
        if not same or same[0] in ordered:
            return
        for above in dict.fromkeys(other for axis in same for other in axis.when):
            add(above)
        ordered.extend(same)

    for axis in axes:
        add(axis.name)
    return tuple(ordered)


def axes_of(values: Mapping[str, Any]) -> list[Axis]:
    """Several may have one name: then at most one of them is open."""
    return [axis for one in open_of(values).values() for axis in (one if isinstance(one, tuple) else (one,))]


def open_of(values: Mapping[str, Any]) -> dict[str, Axis | tuple[Axis, ...]]:
    """Name -> the axis, or the several of that name."""
    return {name: value for name, value in values.get("search", {}).items() if isinstance(value, Axis | tuple)}


def fixed_of(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.get("search", {}).items() if not isinstance(value, Axis | tuple)}
