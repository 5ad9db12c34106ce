"""From a sweep file to everything a sweep needs before it spends: checked, drawn and counted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps import rules
from sweeps.load import load_sweep
from sweeps.profiles import Profile, choose, probe
from sweeps.spec import SweepSpec
from sweeps.weights import Decision, needs_miniature
from trainables import registry
from trainables.data.check import check_examples
from trainables.data.sources import open_source
from trainables.data.splits import draw_splits
from trainables.errors import InputError

if TYPE_CHECKING:
    from trainables.contract import Backbone, Task
    from trainables.data.examples import Example


@dataclass(frozen=True)
class Prepared:
    """A sweep that is ready to be planned or run."""

    spec: SweepSpec
    profile: Profile
    weights: Decision  # miniature or published weights, and why
    task: Task
    backbone: Backbone
    examples: Sequence[Example]
    splits: Mapping[str, str]  # example id -> train | validation | test

    def of_split(self, split: str) -> list[Example]:
        return [example for example in self.examples if self.splits[example.id] == split]

    @property
    def miniature_recipe(self) -> str | None:
        """Which miniature stands in: AUDIO_SWEEPS_MINIATURE (`test`: a short recipe, for tests), else the full one."""
        return os.environ.get("AUDIO_SWEEPS_MINIATURE", "full") if self.weights.miniature else None

    @property
    def window_seconds(self) -> float:
        return self.backbone.MINIATURE_WINDOW_SECONDS if self.weights.miniature else self.backbone.WINDOW_SECONDS


def cache_folder() -> Path:
    """Generated data and miniatures; AUDIO_SWEEPS_CACHE, else a folder of the user's."""
    return Path(os.environ.get("AUDIO_SWEEPS_CACHE", "~/.cache/audio-sweeps")).expanduser()


def prepare(path: str | Path, overrides: Sequence[str], *, planning: bool) -> Prepared:
    """Reads, checks and draws everything that needs no training. Raises InputError with every problem of a step."""
    spec = load_sweep(path, overrides)
    rules.unsupported(spec)
    backbone = registry.backbone(spec.backbone)
    facts = probe()
    profile = choose(spec.profile, facts, planning=planning)
    weights = needs_miniature(
        {name: backbone.SIZES[name] for name in sizes_of(spec) if name in backbone.SIZES} or backbone.SIZES,
        tuple(quantizations_of(spec)),
        profile.precision,
        profile.facts,
        batch_size=spec.train.batch_size,
        at_hand=(lambda size: True) if profile.facts.assumed else None,
    )
    if weights.miniature:
        spec = load_sweep(
            path, overrides, miniature_sizes=tuple(backbone.MINIATURE_SIZES), published_sizes=tuple(backbone.SIZES)
        )
        profile = choose(spec.profile, facts, planning=planning, miniature=True)
    task = registry.task(spec.task_kind, dict(spec.task_options))
    seed = spec.explore_seeds[0]
    examples = open_source(
        spec.data.source,
        base_folder=Path(spec.base_folder),
        task=task,
        columns=spec.data.columns,
        cache_folder=cache_folder(),
        seed=seed,
    )
    if problems := check_examples(examples, task):
        raise InputError(problems)
    splits = draw_splits(
        examples,
        validation=spec.data.validation,
        test=spec.data.test,
        seed=seed,
        stratify=task.column == "label",
    )
    return Prepared(spec, profile, weights, task, backbone, examples, splits)


def sizes_of(spec: SweepSpec) -> list[str]:
    """Every model size that the sweep may use, the baseline's included."""
    return _values_of(spec, "model_size")


def quantizations_of(spec: SweepSpec) -> list[str]:
    return _values_of(spec, "quantization") or ["none"]


def _values_of(spec: SweepSpec, name: str) -> list[str]:
    values = [value for axis in spec.axes if axis.name == name for value in axis.values]
    values += [source[name] for source in (spec.fixed, spec.baseline) if name in source]
    return list(dict.fromkeys(values))
