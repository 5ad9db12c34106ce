"""A model that can be loaded: what has to be known of it, wherever that was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweeps.machine.profile import Profile
from trainables import registry
from trainables.config import TrialConfig

HEADS = ("classification", "multilabel", "regression")  # kinds of task that a head answers


@dataclass(frozen=True)
class Tuned:
    """A model that can be loaded: an arm of a finished sweep, or what was exported of it."""

    sweep_id: str
    arm: str  # finalist 1, baseline, untuned
    task_kind: str
    task_options: Mapping[str, Any]  # with the labels that the sweep took from its data
    config: TrialConfig
    precision: str  # of the backbone in memory
    profile: Profile
    miniature: bool
    adapters: Mapping[int, Path]  # seed -> folder in PEFT's format; empty where nothing is added to the backbone
    recipe: str | None = None  # by which the miniature is trained
    revisions: Mapping[str, str] = field(default_factory=dict)  # checkpoint -> commit of its hub repository
    base: Path | None = None  # the backbone's weights, where they come along
    merged: bool = False  # `base` holds what was trained: adapter and head
    merged_seeds: tuple[int, ...] = ()  # of which
    sizes: tuple[str, ...] = ()  # of its backbone that the sweep may use: they decide how clips are heard
    window_seconds: float | None = None  # that it hears; None: as `sizes` say
    origin: str = ""  # where it was read, where that is no sweep

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes or labels in which it answers, in the order of its scores; empty for texts and ratings."""
        return tuple(self.task_options.get("labels", ()))

    @property
    def ratings(self) -> tuple[str, ...]:
        """The names of the ratings that it gives, in order; empty for other tasks."""
        return tuple(self.task_options.get("names", ()))

    @property
    def prompt(self) -> str | None:
        """What a clip is asked that has no question of its own; None where clips have none."""
        asks = getattr(registry.task_class(self.task_kind), "asks", False)
        return str(self.task_options["prompt"]) if asks else None

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of the runs that trained it; empty where nothing was."""
        return tuple(self.adapters) or self.merged_seeds

    @property
    def name(self) -> str:
        """The same for the sweep's own model and every export of it: which sweep, arm and seeds."""
        seeds = "+".join(map(str, self.seeds))
        return "/".join(part for part in (self.sweep_id, self.arm.replace(" ", "-"), seeds) if part)

    @property
    def in_words(self) -> str:
        seeds = ", ".join(map(str, self.seeds))
        which = f", seed{'s' if len(self.seeds) > 1 else ''} {seeds}" if self.seeds else ""
        return f"{self.arm} of {self.sweep_id}{which}{f', from {self.origin}' if self.origin else ''}"
