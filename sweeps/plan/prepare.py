"""From a sweep file to everything a sweep needs before it spends: checked, drawn and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.config.spec import SweepSpec
from sweeps.machine.profile import Profile
from sweeps.machine.weights import Decision
from sweeps.plan.data import Clips, complete_task, decoded_some, inner_folds, read_clips, split_examples
from sweeps.plan.further_tests import read_evaluations
from sweeps.plan.outer_folds import OFFICIAL, fold_splits, outer_folds
from sweeps.plan.settle import Settled, known_sizes, settle
from sweeps.plan.texts import check_splits, fit_answers, fit_letters, read_task_files, spellings_of, window_advice
from sweeps.plan.weights import check_weights
from trainables import registry
from trainables.data.doubts.check import Header
from trainables.data.doubts.files import read_traits
from trainables.data.doubts.overlap import Joined
from trainables.data.doubts.report import doubts, together, undivided
from trainables.data.sound.store import Hearing
from trainables.errors import InputError
from trainables.records import NO_FOLD
from trainables.sizes import hearing_of

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
    heard_all: bool = False  # whether every clip was decoded for the doubts
    doubts: tuple[str, ...] = ()  # what about the data makes their scores doubtful, a sentence each

    @property
    def examples(self) -> Sequence[Example]:
        return self.clips.examples

    def of_split(self, split: str) -> list[Example]:
        if split in self.evaluations:
            return list(self.evaluations[split].examples)
        return [example for example in self.examples if self.splits[example.id] == split]

    def headers_of(self, split: str) -> Mapping[str, Header]:
        """Those of the files that the clips of a split come from, and of others."""
        return self.evaluations.get(split, self.clips).headers

    @cached_property
    def data_fingerprint(self) -> str:
        """Of the examples as they were divided, and of the further test data. Every file is read for it."""
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
            how = hearing_of(backbone, self.spec.sizes_of(name), miniature=self.weights.miniature)
            found.setdefault(how, []).append(name)
        return found


def prepare(path: str | Path, overrides: Sequence[str], *, planning: bool) -> Prepared:
    """Reads, checks and draws everything that needs no training. Raises InputError with every problem of a step."""
    return prepare_settled(settle(path, overrides, planning=planning))


def prepare_settled(settled: Settled, begun_with: str | None = None) -> Prepared:
    """Reads the data, once, checks and divides them. Raises InputError with every problem of a step.

    `begun_with` is the fingerprint of the data that a sweep was begun with. Versions that did not look for copies may
    have put them on several sides, and what they began goes on as it was.
    """
    if begun_with is None:
        return _prepared(settled)
    now = _attempt(settled, copies_apart=False)
    if isinstance(now, Prepared) and now.data_fingerprint == begun_with:
        return now
    before = _attempt(settled, copies_apart=True)
    if isinstance(before, Prepared) and before.data_fingerprint == begun_with:
        return before
    if isinstance(now, InputError):
        raise now
    return now


def _attempt(settled: Settled, *, copies_apart: bool) -> Prepared | InputError:
    try:
        return _prepared(settled, copies_apart=copies_apart)
    except InputError as error:
        return error


def _prepared(settled: Settled, *, copies_apart: bool = False) -> Prepared:
    spec = settled.spec
    spec, task = read_task_files(spec, registry.task(spec.task_kind, dict(spec.task_options)))
    miniature = settled.weights.miniature
    shortest = min(
        hearing_of(backbone, spec.sizes_of(name), miniature=miniature).window_seconds
        for name, backbone in settled.backbones.items()
    )
    sizes = {name: list(known_sizes(spec, name, each).values()) for name, each in settled.backbones.items()}
    fetch = not (miniature or settled.profile.facts.assumed)
    spellings = spellings_of(task, settled.backbones, sizes, miniature=miniature, fetch=fetch)
    window = max(backbone.WINDOW_SECONDS for backbone in settled.backbones.values())
    clips = read_clips(spec, spec.data.source, task, shortest, spellings, heard_seconds=window)
    traits = read_traits(clips.headers)
    if copies_apart:
        joined = Joined(list(clips.examples))
    else:
        joined = together(clips.examples, traits, _given_sides(spec, clips.examples))
    outer, splits = _divided(spec, task, joined)
    examples, apart = joined.examples, clips.examples
    some = decoded_some(clips, window)
    found = doubts(
        examples,
        splits,
        task,
        traits=traits,
        joined=joined,
        objective=spec.metric,
        # as published: what a miniature hears says nothing about the data
        window_seconds=window,
        some=some,
    )
    if found.problems:
        raise InputError(found.problems)
    clips = replace(clips, examples=examples)
    check_splits(spec, task, examples, splits)
    check_weights(spec, examples, splits, joint=getattr(task, "joint", ""))
    spec, task = complete_task(spec, task, examples, splits)
    spec, task = fit_letters(spec, task, examples, splits, spellings, clips.account)
    # of outer folds every one is trained on in some round
    seen = [example for example in apart if outer or splits[example.id] != "test"]
    evaluations = read_evaluations(spec, task, shortest, seen, clips.headers, spellings)
    heard = [(each.examples, each.seconds) for each in (clips, *evaluations.values())]
    spec, task = fit_answers(spec, task, heard, spellings, clips.account)
    clips.account.advice += window_advice(spec, clips.seconds)
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
        evaluations=evaluations,
        miniature_recipe=settled.miniature_recipe,
        doubts=found.advice,
        heard_all=len(some) == len(examples),
    )


def _given_sides(spec: SweepSpec, examples: Sequence[Example]) -> dict[str, str] | None:
    """Example id -> split or outer fold, where the data set divides itself; None where the sweep draws."""
    by_fold = spec.data.outer_folds is not None
    if by_fold and spec.data.outer_folds != OFFICIAL:
        return None
    sides = {example.id: example.fold if by_fold else example.split for example in examples}
    given = {example_id: side for example_id, side in sides.items() if side is not None}
    return given if len(given) == len(examples) else None


def _divided(spec: SweepSpec, task: Task, joined: Joined) -> tuple[dict[str, str], dict[str, str]]:
    """Outer folds, none where the file asks for none, and splits, by example id. Raises InputError: they cannot be
    drawn, with what about the targets or copies may be the reason."""
    examples, stratify = joined.examples, task.stratified
    try:
        outer = outer_folds(spec, examples, stratify=stratify)
        if outer:  # a plan shows the first round
            return outer, fold_splits(spec, examples, outer, min(outer.values()), stratify=stratify)
        return outer, split_examples(spec, task, examples)
    except InputError as error:
        raise InputError([*error.problems, *undivided(joined, task)]) from None


def rounds_of(prepared: Prepared) -> list[tuple[str, Prepared]]:
    """(fold, what its sweep sees), one per outer fold; without outer folds one round, under NO_FOLD."""
    names = sorted(set(prepared.outer.values()))
    return [(name, round_of(prepared, name)) for name in names] or [(NO_FOLD, prepared)]


def round_of(prepared: Prepared, fold: str) -> Prepared:
    spec, task = prepared.spec, prepared.task
    splits = fold_splits(spec, prepared.examples, prepared.outer, fold, stratify=task.stratified)
    return replace(prepared, splits=splits, folds=inner_folds(spec, task, prepared.examples, splits))
