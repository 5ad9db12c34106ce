"""Axes to Optuna's suggestions (define by run), and a sample of them to a TrialConfig."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sweeps.config.search_types import DEFAULT_RANK, discrete_values, is_active
from sweeps.config.spec import Axis, SweepSpec
from trainables.config import TrialConfig

if TYPE_CHECKING:
    import optuna

_CONFIG_FIELDS = {field.name for field in fields(TrialConfig)}


@dataclass(frozen=True)
class Proposal:
    """Asks an Optuna trial for every active axis, each under its own name. A class, so that Ray can pickle it."""

    axes: tuple[Axis, ...]
    fixed: Mapping[str, Any]

    def __call__(self, trial: optuna.Trial) -> dict[str, Any]:
        sample: dict[str, Any] = {}
        for axis in self.axes:
            if is_active(axis, self.axes, {**self.fixed, **sample}):
                sample[axis.name] = _suggest(trial, axis, asked_as(axis, self.axes))
        return sample

    def as_asked(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """A sample, or a part of one, under the names by which Optuna knows its axes."""
        known = {**self.fixed, **point}
        opened = [axis for axis in self.axes if axis.name in point and is_active(axis, self.axes, known)]
        return {asked_as(axis, self.axes): point[axis.name] for axis in opened}


def asked_as(axis: Axis, axes: Sequence[Axis]) -> str:
    """Optuna's name for an axis: its own, with the condition where several have it, for each has other values."""
    if sum(other.name == axis.name for other in axes) == 1:
        return axis.name
    return f"{axis.name} where {conditions(axis)}"


def conditions(axis: Axis) -> str:
    """`rank is 16 or 32 and model_size is 7b`"""
    return " and ".join(f"{name} is {' or '.join(map(str, wanted))}" for name, wanted in axis.when.items())


def propose(spec: SweepSpec) -> Proposal:
    """The search space as OptunaSearch takes it; returns what it asked for, the values of the active axes."""
    return Proposal(spec.axes, dict(spec.fixed))


def _suggest(trial: optuna.Trial, axis: Axis, name: str) -> Any:
    if axis.kind == "choice":
        return trial.suggest_categorical(name, list(axis.values))
    low, high = axis.values
    log = axis.kind.startswith("log_")
    if axis.kind.endswith("int"):
        return trial.suggest_int(name, low, high, log=log)
    return trial.suggest_float(name, low, high, log=log)


def distribution(axis: Axis) -> optuna.distributions.BaseDistribution:
    """What Optuna keeps beside a value that `_suggest` was given."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if axis.kind == "choice":
        return CategoricalDistribution(list(axis.values))
    low, high = axis.values
    kind = IntDistribution if axis.kind.endswith("int") else FloatDistribution
    return kind(low, high, log=axis.kind.startswith("log_"))


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
    return TrialConfig(**{name: value for name, value in merged.items() if name in _CONFIG_FIELDS})


def configurations_count(spec: SweepSpec) -> int | None:
    """How many distinct configurations there are, conditions respected; None where a continuous axis can be active."""
    watched = {name for axis in spec.axes for name in axis.when}

    def count(index: int, point: dict[str, Any]) -> int | None:
        if index == len(spec.axes):
            return 1
        axis = spec.axes[index]
        if not is_active(axis, spec.axes, {**spec.fixed, **point}):
            return count(index + 1, point)
        values = discrete_values(axis)
        if values is None:
            return None
        if axis.name not in watched:
            rest = count(index + 1, point)
            return None if rest is None else len(values) * rest
        # Only values that some condition names differ in what follows; all others are counted at once.
        named = {value for other in spec.axes for value in other.when.get(axis.name, ()) if value in values}
        parts = [count(index + 1, {**point, axis.name: value}) for value in named]
        others = len(values) - len(named)
        if others:
            rest = count(index + 1, point)
            parts.append(None if rest is None else others * rest)
        return None if any(part is None for part in parts) else sum(part for part in parts if part is not None)

    return count(0, {})


def describe_space(spec: SweepSpec) -> str:
    """`2 model_size x 5 rank x continuous learning_rate x continuous lora_dropout (when rank is 16 or 32)`"""
    parts = []
    for axis in spec.axes:
        values = discrete_values(axis)
        when = conditions(axis)
        parts.append(
            f"{'continuous' if values is None else len(values)} {axis.name}" + (f" (when {when})" if when else "")
        )
    return " x ".join(parts) or "one configuration"
