"""What one trial trains, decided before it begins: configuration, seeds, and its part in the sweep.

A journal keeps it as `given`, in one of two forms: of the search the values of the active axes (a sample), of stage 2
the arm, its role, the whole configuration and the seed. Nobody but this file tells the two apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sweeps.config.resolve import resolve, unread_by
from sweeps.config.spec import SweepSpec
from trainables.config import LORA, TrialConfig

TRIAL, UNTUNED = "trial", "untuned"
OF_BACKBONE = ("backbone", "model_size", "quantization")  # what an untuned one has too


@dataclass(frozen=True)
class Assignment:
    config: TrialConfig
    seeds: tuple[int, ...]  # each trains for itself; none: the untuned backbone, which answers as it is
    role: str = TRIAL  # trial | finalist | baseline | untuned
    arm: str = ""  # of stage 2: finalist 1, finalist 2, ... | baseline | untuned
    sample: Mapping[str, Any] = field(default_factory=dict)  # of the search: the values of the active axes

    @property
    def config_id(self) -> str:
        """That of the configuration; all untuned backbones have one of their own."""
        return self.config.config_id if self.seeds else UNTUNED

    @property
    def seed(self) -> int | None:
        """Of stage 2; None: nothing is trained."""
        return self.seeds[0] if self.seeds else None

    @property
    def name(self) -> str:
        """Of stage 2: `finalist-1-seed-123`, a folder that a person can find again."""
        arm = self.arm.replace(" ", "-")
        return arm if self.seed is None else f"{arm}-seed-{self.seed}"

    @property
    def label(self) -> str:
        """Of stage 2: `finalist 1, seed 123`, as it is shown."""
        return self.arm if self.seed is None else f"{self.arm}, seed {self.seed}"

    @property
    def values(self) -> Mapping[str, Any]:
        """By the names of axes: the sample, or the whole configuration."""
        return values_of(self.given)

    @property
    def given(self) -> dict[str, Any]:
        """As a journal keeps it."""
        if not self.arm:
            return dict(self.sample)
        return {"arm": self.arm, "role": self.role, "config": self.config.as_dict(), "seed": self.seed}

    def as_dict(self) -> dict[str, Any]:
        """Plain values only, for a worker."""
        return {"config": self.config.as_dict(), "seeds": list(self.seeds), "role": self.role, "arm": self.arm}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Assignment:
        """What `as_dict` gave; a worker has no use for the sample."""
        config = TrialConfig.from_dict(values["config"])
        return cls(config, tuple(values["seeds"]), values["role"], values["arm"])


def searching(spec: SweepSpec, sample: Mapping[str, Any]) -> Assignment:
    """A trial of the search. Raises ValueError where an active axis has no value."""
    return Assignment(resolve(spec, sample), spec.explore_seeds, sample=dict(sample))


def confirming(arm: str, role: str, config: TrialConfig, seed: int | None) -> Assignment:
    """A run of stage 2; without a seed nothing is trained."""
    return Assignment(config, () if seed is None else (seed,), role, arm)


def read_assignment(given: Mapping[str, Any], spec: SweepSpec) -> Assignment:
    """From a journal's `given`. Raises ValueError where an active axis has no value."""
    if "arm" in given:
        return confirming(given["arm"], given["role"], TrialConfig.from_dict(given["config"]), given["seed"])
    return searching(spec, given)


def values_of(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values in a journal's `given`, by the names of axes; of a whole configuration those that it reads."""
    if "config" not in given:
        return given
    unread = unread_by(given["config"].get("adapter", LORA))
    return {name: value for name, value in given["config"].items() if name not in unread}


def values_shown(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """`values_of` for the eye: the untuned backbone is given a configuration, and trains nothing of it."""
    values = values_of(given)
    if given.get("role") != UNTUNED:
        return values
    return {name: value for name, value in values.items() if name in OF_BACKBONE}
