"""The axes of a sweep as Optuna knows them: names, distributions, and a suggestion for every axis that is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from sweeps.config.axis import Axis, conditions, is_active
from sweeps.config.spec import SweepSpec


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
    if axis.kind == "choice":
        return CategoricalDistribution(list(axis.values))
    low, high = axis.values
    kind = IntDistribution if axis.kind.endswith("int") else FloatDistribution
    return kind(low, high, log=axis.kind.startswith("log_"))
