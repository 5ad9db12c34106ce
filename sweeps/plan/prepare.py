"""From a sweep file to everything a sweep needs before it spends: checked, drawn and counted."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sweeps.config.load import load_sweep, parse_sweep
from sweeps.config.miniature import of_backbone
from sweeps.config.spec import SweepSpec
from sweeps.machine.memory import needed_bytes
from sweeps.machine.profile import GIB, Profile, choose, probe
from sweeps.machine.weights import Decision, needs_miniature
from sweeps.plan.further_tests import read_evaluations
from sweeps.plan.outer_folds import fold_splits, outer_folds
from trainables import registry
from trainables.cache import cache_folder
from trainables.data.check import check_examples
from trainables.data.lengths import of_length
from trainables.data.sources import open_source
from trainables.data.splits import draw_folds, draw_splits
from trainables.errors import InputError
from trainables.tasks.classification import Classification
from trainables.tasks.transcription import Transcription

MINIATURE_TRIAL_BYTES = 2 * GIB  # a process with torch and its CUDA context; the miniature itself is nothing beside it

if TYPE_CHECKING:
    from trainables.contract import Backbone, Size, Task
    from trainables.data.examples import Example


@dataclass(frozen=True)
class Hearing:
    """How a backbone hears a clip: a store of decoded clips serves all that hear alike."""

    sample_rate_hz: int
    window_seconds: float

    @property
    def folder(self) -> str:
        return f"{self.sample_rate_hz}-hz-{self.window_seconds:g}-s"


@dataclass(frozen=True)
class Prepared:
    """A sweep that is ready to be planned or run."""

    spec: SweepSpec
    profile: Profile
    weights: Decision  # miniature or published weights, and why
    task: Task
    backbone: Backbone  # of several the first
    examples: Sequence[Example]
    splits: Mapping[str, str]  # example id -> train | validation | test
    folds: Mapping[str, str] = field(default_factory=dict)  # example id -> inner fold, of the examples outside test
    outer: Mapping[str, str] = field(default_factory=dict)  # example id -> fold of outer cross-validation
    left_out: int = 0  # examples that are too short or too long for the task
    evaluations: Mapping[str, Sequence[Example]] = field(default_factory=dict)  # `test_<name>` -> further test data
    further_backbones: Mapping[str, Backbone] = field(default_factory=dict)  # where the search opens the backbone

    def of_split(self, split: str) -> list[Example]:
        if split in self.evaluations:
            return list(self.evaluations[split])
        return [example for example in self.examples if self.splits[example.id] == split]

    @property
    def data_fingerprint(self) -> str:
        """Of the examples as they were divided, and of the further test data."""
        from trainables.data.fingerprint import combined, fingerprint

        further = [
            fingerprint(examples, dict.fromkeys((example.id for example in examples), split))
            for split, examples in self.evaluations.items()
        ]
        return combined([fingerprint(self.examples, self.splits), *further])

    @property
    def miniature_recipe(self) -> str | None:
        """Which miniature stands in: AUDIO_SWEEPS_MINIATURE (`test`: a short recipe, for tests), else the full one."""
        return os.environ.get("AUDIO_SWEEPS_MINIATURE", "full") if self.weights.miniature else None

    @property
    def backbones(self) -> dict[str, Backbone]:
        return {self.spec.backbones[0]: self.backbone, **self.further_backbones}

    @property
    def window_seconds(self) -> float:
        return window_seconds(self.backbone, self.weights)

    def hearing(self) -> dict[Hearing, list[str]]:
        """How clips are decoded, and the backbones that hear them so."""
        found: dict[Hearing, list[str]] = {}
        for name, backbone in self.backbones.items():
            how = Hearing(backbone.SAMPLE_RATE_HZ, window_seconds(backbone, self.weights))
            found.setdefault(how, []).append(name)
        return found


def prepare(path: str | Path, overrides: Sequence[str], *, planning: bool) -> Prepared:
    """Reads, checks and draws everything that needs no training. Raises InputError with every problem of a step."""
    return _prepare(partial(load_sweep, path, overrides), planning=planning)


def prepare_recorded(source_text: str, base_folder: str, *, like: SweepSpec, miniature: bool | None = None) -> Prepared:
    """The same for a sweep that was begun before, from the text that it keeps; where it writes, how much it may take
    and the profile are those of `like`. `miniature`: which weights it had; None leaves it to this machine.

    Raises InputError where the published weights that it had cannot be had here.
    """

    def read(**sizes: Any) -> SweepSpec:
        spec = parse_sweep(source_text, base_folder=base_folder, recorded=True, **sizes)
        may_change = ("results", "disk_gb", "memory_gb", "hours", "profile")
        return replace(spec, **{name: getattr(like, name) for name in may_change})

    return _prepare(read, planning=False, miniature=miniature)


def _prepare(read: Callable[..., SweepSpec], *, planning: bool, miniature: bool | None = None) -> Prepared:
    spec = read()
    backbones = {name: registry.backbone(name) for name in spec.backbones}
    facts = probe()
    first_profile = choose(spec.profile, facts, planning=planning, precision=spec.precision)
    weights = decide_weights(spec, backbones, first_profile, planning=planning)
    if miniature:
        weights = Decision(True, "as it was")
    elif miniature is False and weights.miniature:
        raise InputError(f"the published weights that this was trained with cannot be had here: {weights.reason}.")
    if weights.miniature:
        small = {name: tuple(backbone.MINIATURE_SIZES) for name, backbone in backbones.items()}
        published = {name: tuple(backbone.SIZES) for name, backbone in backbones.items()}
        only = spec.backbone  # empty where there are several
        spec = read(
            miniature_sizes=small[only] if only else small, published_sizes=published[only] if only else published
        )
    profile = choose(
        spec.profile,
        facts,
        planning=planning,
        trial_bytes=MINIATURE_TRIAL_BYTES if weights.miniature else largest_trial_bytes(spec, backbones),
        miniature=weights.miniature,
        memory_limit_bytes=None if spec.memory_gb is None else int(spec.memory_gb * 1e9),
        precision=spec.precision,
    )
    task = registry.task(spec.task_kind, dict(spec.task_options))
    shortest = min(window_seconds(backbone, weights) for backbone in backbones.values())
    examples, left_out = read_examples(spec, spec.data.source, task, shortest)
    stratify = task.column == "label"
    outer = outer_folds(spec, examples, stratify=stratify)
    if outer:  # a plan shows the first round
        splits = fold_splits(spec, examples, outer, min(outer.values()), stratify=stratify)
    else:
        splits = split_examples(spec, task, examples)
    spec, task = complete_task(spec, task, examples, splits)
    folds = inner_folds(spec, task, examples, splits)
    # of outer folds every one is trained on in some round
    seen = [example for example in examples if outer or splits[example.id] != "test"]
    evaluations = read_evaluations(spec, lambda source: read_examples(spec, source, task, shortest)[0], seen)
    first, *others = spec.backbones
    return Prepared(
        spec=spec,
        profile=profile,
        weights=weights,
        task=task,
        backbone=backbones[first],
        examples=examples,
        splits=splits,
        folds=folds,
        outer=outer,
        left_out=left_out,
        evaluations=evaluations,
        further_backbones={name: backbones[name] for name in others},
    )


def window_seconds(backbone: Backbone, weights: Decision) -> float:
    return backbone.MINIATURE_WINDOW_SECONDS if weights.miniature else backbone.WINDOW_SECONDS


def decide_weights(spec: SweepSpec, backbones: Mapping[str, Backbone], profile: Profile, *, planning: bool) -> Decision:
    """Published weights where the device holds one of the sweep's sizes and they can be had, else the miniature; of
    several backbones all or none, for real ones and miniatures cannot be compared."""
    decisions = [
        needs_miniature(
            known_sizes(spec, name, backbone),
            tuple(quantizations_of(spec)),
            profile.precision,
            profile.facts,
            batch_size=spec.train.batch_size,
            # a plan needs no weights, so nobody asks for them where it plans for another machine
            at_hand=(lambda size: True) if planning and profile.facts.assumed else None,
        )
        for name, backbone in backbones.items()
    ]
    reasons = [decision.reason for decision in decisions if decision.miniature] or [d.reason for d in decisions]
    return Decision(any(decision.miniature for decision in decisions), "; ".join(dict.fromkeys(reasons)))


def known_sizes(spec: SweepSpec, name: str, backbone: Backbone) -> dict[str, Size]:
    """The published sizes of a backbone that the sweep names; all of them where it names none."""
    named = {size: backbone.SIZES[size] for size in sizes_of(spec, name) if size in backbone.SIZES}
    return named or dict(backbone.SIZES)


def largest_trial_bytes(spec: SweepSpec, backbones: Mapping[str, Backbone]) -> int:
    """What the most demanding trial needs on its device, the adapter taken as 1 % of the model."""
    return max(
        needed_bytes(
            size.total_params,
            quantization,
            "bf16",
            trainable_params=size.total_params // 100,
            batch_size=spec.train.batch_size,
        )
        for name, backbone in backbones.items()
        for size in known_sizes(spec, name, backbone).values()
        for quantization in quantizations_of(spec)
    )


def read_examples(spec: SweepSpec, source: str, task: Task, window_seconds: float) -> tuple[Sequence[Example], int]:
    """The examples, every one checked, and how many were left out for their length."""
    examples = open_source(
        source,
        base_folder=Path(spec.base_folder),
        task=task,
        columns=spec.data.columns,
        cache_folder=cache_folder(),
        seed=spec.explore_seeds[0],
    )
    if problems := check_examples(examples, task):
        raise InputError(problems)
    if not isinstance(task, Transcription):
        return examples, 0
    kept = of_length(
        examples,
        shortest_seconds=task.shortest_seconds,
        longest_seconds=task.longest_seconds,
        window_seconds=window_seconds,
    )
    return kept, len(examples) - len(kept)


def split_examples(spec: SweepSpec, task: Task, examples: Sequence[Example]) -> dict[str, str]:
    """The split of each example, drawn from the sweep's seed."""
    return draw_splits(
        examples,
        validation=spec.data.validation,
        test=spec.data.test,
        seed=spec.explore_seeds[0],
        stratify=task.column == "label",
    )


def complete_task(
    spec: SweepSpec, task: Task, examples: Sequence[Example], splits: Mapping[str, str]
) -> tuple[SweepSpec, Task]:
    """Puts into the task, and so into the spec that workers get, what the file leaves to the data: a classification's
    labels and balanced weights, the weights from training examples alone."""
    if not isinstance(task, Classification):
        return spec, task
    training = [example.target for example in examples if splits[example.id] == "train"]
    completed = task.completed([example.target for example in examples], training)
    options = {field.name: getattr(completed, field.name) for field in fields(completed)}
    return replace(spec, task_options=options), cast("Task", completed)


def inner_folds(spec: SweepSpec, task: Task, examples: Sequence[Example], splits: Mapping[str, str]) -> dict[str, str]:
    """The fold of every example that is not a test example, where the file asks for folds."""
    if spec.data.inner_folds is None:
        return {}
    seen = [example for example in examples if splits[example.id] != "test"]
    return draw_folds(seen, spec.data.inner_folds, spec.explore_seeds[0], stratify=task.column == "label")


def sizes_of(spec: SweepSpec, backbone: str | None = None) -> list[str]:
    """Every size of a backbone (None: of the only one) that the sweep may use, the baseline's included."""
    if spec.backbone or backbone is None:
        return _values_of(spec, "model_size")
    return list(dict.fromkeys(of_backbone(spec, backbone)))


def quantizations_of(spec: SweepSpec) -> list[str]:
    return _values_of(spec, "quantization") or ["none"]


def _values_of(spec: SweepSpec, name: str) -> list[str]:
    values = [value for axis in spec.axes if axis.name == name for value in axis.values]
    values += [source[name] for source in (spec.fixed, spec.baseline) if name in source]
    return list(dict.fromkeys(values))
