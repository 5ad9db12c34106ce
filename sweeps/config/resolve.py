"""A sample of the axes to a TrialConfig, and how many configurations a space has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sweeps.config.axis import Axis, conditions, discrete_values, is_active, may_open
from sweeps.config.search_types import DEFAULT_RANK
from sweeps.config.spec import SweepSpec
from trainables.config import LORA, LORA_PLUS, OF_ADAPTERS, WHOLE, TrialConfig

_CONFIG_FIELDS = {field.name for field in fields(TrialConfig)}


def active_axes(spec: SweepSpec, sample: Mapping[str, Any]) -> list[str]:
    """Names of the axes that are open for a sample, in the order of `spec.axes`."""
    return [axis.name for axis in open_axes(spec, sample)]


def open_axes(spec: SweepSpec, sample: Mapping[str, Any]) -> list[Axis]:
    """The axes that are open for a sample, in the order of `spec.axes`; of several with one name it is one."""
    return [axis for axis in spec.axes if is_active(axis, spec.axes, {**spec.fixed, **sample})]


def resolve(spec: SweepSpec, sample: Mapping[str, Any]) -> TrialConfig:
    """A value for every active axis to a whole configuration; axes that are not active stand at TrialConfig's defaults.

    What `search:` opens or fixes goes before the same key in `train:`. Raises ValueError where an active axis has no
    value.
    """
    active = active_axes(spec, sample)
    missing = [name for name in active if name not in sample]
    if missing:
        raise ValueError(f"no value for {', '.join(missing)}")
    return _config(spec, {name: sample[name] for name in active})


def baseline_config(spec: SweepSpec) -> TrialConfig:
    """The declared baseline; it may name what the search fixes, and values that the search does not have."""
    return _config(spec, spec.baseline)


def _config(spec: SweepSpec, values: Mapping[str, Any]) -> TrialConfig:
    train = {field.name: getattr(spec.train, field.name) for field in fields(spec.train)}
    opened = {axis.name for axis in spec.axes}
    merged: dict[str, Any] = {"backbone": spec.backbone, "head": spec.head}
    merged |= {name: value for name, value in {**train, **spec.augment}.items() if name not in opened}
    merged |= {**spec.fixed, **values}
    if "alpha_ratio" in merged:
        merged["alpha"] = round(merged["alpha_ratio"] * merged.get("rank", DEFAULT_RANK))
    unread = unread_by(merged.get("adapter", LORA))
    return TrialConfig(**{name: value for name, value in merged.items() if name in _CONFIG_FIELDS - unread})


def unread_by(adapter: str) -> set[str]:
    """What a training with this adapter does not read, and what must not tell two of them apart."""
    of_others = set() if adapter == LORA_PLUS else {"lora_plus_ratio"}
    return of_others | (set(OF_ADAPTERS) if adapter == WHOLE else set())


def configurations_count(spec: SweepSpec) -> int | None:
    """How many distinct configurations there are, conditions respected; None where a continuous axis can be active."""
    return count_configurations(spec.axes, spec.fixed)


def count_configurations(axes: Sequence[Axis], fixed: Mapping[str, Any]) -> int | None:
    """`configurations_count` of axes in order, and of what is fixed beside them."""
    watched = {name for axis in axes for name in axis.when}

    def count(index: int, point: dict[str, Any]) -> int | None:
        if index == len(axes):
            return 1
        axis = axes[index]
        if not is_active(axis, axes, {**fixed, **point}):
            return count(index + 1, point)
        values = discrete_values(axis)
        if values is None:
            return None
        if axis.name not in watched:
            rest = count(index + 1, point)
            return None if rest is None else len(values) * rest
        # Only values that some condition names differ in what follows; all others are counted at once.
        named = {value for other in axes for value in other.when.get(axis.name, ()) if value in values}
        parts = [count(index + 1, {**point, axis.name: value}) for value in named]
        others = len(values) - len(named)
        if others:
            rest = count(index + 1, point)
            parts.append(None if rest is None else others * rest)
        return None if any(part is None for part in parts) else sum(part for part in parts if part is not None)

    return count(0, {})


def describe_space(spec: SweepSpec) -> str:
    """`2 model_size x 5 rank x 3 targets (when rank is 16 or 32): 20 configurations`; where an axis is continuous, how
    many axes there are."""
    count, axes = configurations_count(spec), axes_that_open(spec)
    if not axes:
        return "one configuration"
    if count is None:
        names = {axis.name for axis in axes}
        continuous = {axis.name for axis in axes if discrete_values(axis) is None}
        which = "it is" if len(names) == 1 else "all are" if continuous == names else f"{len(continuous)} of them"
        return f"{len(names)} {'axis' if len(names) == 1 else 'axes'}, {which} continuous"
    parts = []
    for axis in axes:
        when = conditions(axis)
        parts.append(f"{len(discrete_values(axis) or ())} {axis.name}" + (f" (when {when})" if when else ""))
    return f"{' x '.join(parts)}: {count:,} configuration" + ("" if count == 1 else "s")


def axes_that_open(spec: SweepSpec) -> list[Axis]:
    """The axes, without those whose conditions the search can never meet."""
    found = (may_open(axis, spec.axes, spec.fixed) for axis in spec.axes)
    return [axis for axis in found if axis is not None]
