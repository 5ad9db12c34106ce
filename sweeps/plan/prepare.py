"""From a sweep file to everything a sweep needs before it spends: checked, drawn and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.config.spec import SweepSpec
from sweeps.machine.profile import Profile
from sweeps.machine.weights import Decision
from sweeps.plan.data import Clips, complete_task, inner_folds, read_clips, split_examples
from sweeps.plan.further_tests import read_evaluations
from sweeps.plan.outer_folds import fold_splits, outer_folds
from sweeps.plan.settle import Settled, settle
from sweeps.plan.texts import read_task_files
from trainables import registry
from trainables.data.sound.store import Hearing
from trainables.records import NO_FOLD

if TYPE_CHECKING:
    from trainables.contract import Backbone, Task
    from trainables.data.examples import Example


@dataclass(frozen=True)
class Prepared:
    """A sweep that is ready to be planned or run."""

    spec: SweepSpec
    profile: Profile
    weights: Decision  # miniature or published weights, and why
    backbones: Mapping[str, Backbone]  # every one that the sweep may use, by name
    task: Task
    clips: Clips
    splits: Mapping[str, str]  # example id -> train | validation | test
    folds: Mapping[str, str] = field(default_factory=dict)  # example id -> inner fold, of the examples outside test
    outer: Mapping[str, str] = field(default_factory=dict)  # example id -> fold of outer cross-validation
    evaluations: Mapping[str, Clips] = field(default_factory=dict)  # `test_<name>` -> further test data
    miniature_recipe: str | None = None  # by which the miniature is trained; None: published weights

    @property
    def examples(self) -> Sequence[Example]:
        return self.clips.examples

    def of_split(self, split: str) -> list[Example]:
        if split in self.evaluations:
            return list(self.evaluations[split].examples)
        return [example for example in self.examples if self.splits[example.id] == split]

    @property
    def data_fingerprint(self) -> str:
        """Of the examples as they were divided, and of the further test data."""
        from trainables.data.fingerprint import combined, fingerprint

        further = [
            fingerprint(clips.examples, dict.fromkeys((example.id for example in clips.examples), split))
            for split, clips in self.evaluations.items()
        ]
        return combined([fingerprint(self.examples, self.splits), *further])

    @property
    def hearings(self) -> dict[Hearing, list[str]]:
        """How clips are decoded, and the backbones that hear them so."""
        found: dict[Hearing, list[str]] = {}
        for name, backbone in self.backbones.items():
            found.setdefault(Hearing.of(backbone, miniature=self.weights.miniature), []).append(name)
        return found


def prepare(path: str | Path, overrides: Sequence[str], *, planning: bool) -> Prepared:
    """Reads, checks and draws everything that needs no training. Raises InputError with every problem of a step."""
    return prepare_settled(settle(path, overrides, planning=planning))


def prepare_settled(settled: Settled) -> Prepared:
    """Reads the data, once, checks and divides them. Raises InputError with every problem of a step."""
    spec = settled.spec
    spec, task = read_task_files(spec, registry.task(spec.task_kind, dict(spec.task_options)))
    miniature = settled.weights.miniature
    shortest = min(Hearing.of(backbone, miniature=miniature).window_seconds for backbone in settled.backbones.values())
    clips = read_clips(spec, spec.data.source, task, shortest)
    examples, stratify = clips.examples, task.stratified
    outer = outer_folds(spec, examples, stratify=stratify)
    if outer:  # a plan shows the first round
        splits = fold_splits(spec, examples, outer, min(outer.values()), stratify=stratify)
    else:
        splits = split_examples(spec, task, examples)
    spec, task = complete_task(spec, task, examples, splits)
    # of outer folds every one is trained on in some round
    seen = [example for example in examples if outer or splits[example.id] != "test"]
    return Prepared(
        spec=spec,
        profile=settled.profile,
        weights=settled.weights,
        backbones=settled.backbones,
        task=task,
        clips=clips,
        splits=splits,
        folds=inner_folds(spec, task, examples, splits),
        outer=outer,
        evaluations=read_evaluations(spec, task, shortest, seen),
        miniature_recipe=settled.miniature_recipe,
    )


def rounds_of(prepared: Prepared) -> list[tuple[str, Prepared]]:
    """(fold, what its sweep sees), one per outer fold; without outer folds one round, under NO_FOLD."""
    names = sorted(set(prepared.outer.values()))
    return [(name, round_of(prepared, name)) for name in names] or [(NO_FOLD, prepared)]


def round_of(prepared: Prepared, fold: str) -> Prepared:
    spec, task = prepared.spec, prepared.task
    splits = fold_splits(spec, prepared.examples, prepared.outer, fold, stratify=task.stratified)
    return replace(prepared, splits=splits, folds=inner_folds(spec, task, prepared.examples, splits))
