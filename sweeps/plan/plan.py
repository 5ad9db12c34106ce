"""What a sweep will do and cost, before it does: counted from its file, its clips' headers and the model's shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from analysis.stats.crossed import FEW_GROUPS, FEWEST_GROUPS
from sweeps.config.resolve import axes_that_open, configurations_count, describe_space
from sweeps.config.sampler_rules import SAMPLERS, TPE
from sweeps.plan.further_tests import EvaluationRow, evaluation_rows
from sweeps.plan.packing import trials_at_once
from sweeps.plan.power import PowerPlan, plan_power
from sweeps.plan.prepare import Prepared
from sweeps.plan.targets import MemoryRow, TargetRow, check_backbone
from sweeps.plan.warnings import design_warnings, loss_warnings, sampling_warnings
from sweeps.plan.workload import (
    ClipCounts,
    Stages,
    count_clips,
    count_stages,
    disk_bytes,
    disk_problems,
    download_bytes,
    further_bytes,
    kept_bytes_per_clip,
)
from trainables.command_line import to_copy
from trainables.data.storing import LAZY
from trainables.data.understood import Understood, understood
from trainables.errors import InputError

if TYPE_CHECKING:
    from trainables.data.sound.facts import SoundFacts
    from trainables.data.splits import SplitRow

MOST_LACKING = 6  # classes of a split that advice names
STARTUP_TRIALS = 10  # a sampler that learns proposes at random before it has seen these


@dataclass(frozen=True)
class AxisRow:
    name: str
    kind: str
    values: tuple[Any, ...]
    when: dict[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Plan:
    name: str
    backbone: str  # names with commas where the search opens it
    task: str
    objective: str
    source: str
    profile: str  # in words
    device: str
    precision: str
    concurrency: int
    miniature: bool
    weights_reason: str
    axes: tuple[AxisRow, ...]
    space: str
    sampler: str
    configurations: int | None  # None: an axis is continuous
    understood: Understood  # how the source was read
    sound: SoundFacts | None  # what the headers of its files say
    splits: tuple[SplitRow, ...]
    lacking: tuple[str, ...]  # "split: class" that has no example
    groups: dict[str, int]  # per split
    own_groups: bool  # every example is its own group
    evaluations: tuple[EvaluationRow, ...]  # further test data
    clips: ClipCounts
    clips_otherwise: tuple[ClipCounts, ...]  # as other backbones of the sweep hear them
    stages: Stages
    power: PowerPlan
    targets: tuple[TargetRow, ...]
    memory: tuple[MemoryRow, ...]
    disk_bytes: int  # in the results folder
    store: str  # how decoded sound is kept there, as `data.store` says
    download_bytes: int  # of published weights, at most; 0 on the miniature
    problems: tuple[str, ...]  # why it cannot run here as it stands
    advice: tuple[str, ...]
    warnings: tuple[str, ...]  # what would make the verdict hard to believe, and can be known before
    assumed: bool  # planned for a machine that nobody asked
    next_command: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values: integers, numbers, text, lists and mappings."""
        return asdict(self)


def make_plan(prepared: Prepared, file: str | None = None, overrides: Sequence[str] = ()) -> Plan:
    """Counts everything. What this machine cannot do is in `problems`; it may be another machine that is planned for.

    `file` and `overrides` are those of the command line, for the command that comes next.

    Raises:
        InputError: the backbone has no such size, preset or task: wrong on every machine.
    """
    from trainables.data.splits import summarise

    spec, profile = prepared.spec, prepared.profile
    check = check_backbone(prepared)
    if check.unknown:
        raise InputError(check.problems)
    stratify = prepared.task.stratified
    splits = tuple(summarise(prepared.examples, prepared.splits, stratify))
    groups = {
        split: len({example.group for example in prepared.of_split(split)})
        for split in dict.fromkeys(row.split for row in splits)
    }
    clips, *otherwise = count_clips(prepared)
    stages = count_stages(
        spec,
        training_clips=len(prepared.of_split("train")),
        untuned=prepared.task.answers_untuned,
        outer_folds=max(1, len(set(prepared.outer.values()))),
    )
    at_once = trials_at_once(prepared)
    needed_bytes = disk_bytes(
        check, stages, [clips, *otherwise], at_once, kept_bytes_per_clip(prepared), keeps_sound=spec.data.store != LAZY
    )
    needed_bytes += sum(further_bytes(prepared, stages, clips) for clips in prepared.evaluations.values())
    test_rows = [row for row in splits if row.split == "test"]
    power = plan_power(
        seeds=len(stages.confirm_seeds),
        groups=groups.get("test", 0),
        clips=sum(row.examples for row in test_rows),
        groups_of_class={row.label: row.groups for row in test_rows} if stratify else {},
        arms=stages.finalists + 1,
    )
    trained_on = [example.target for example in prepared.of_split("train")]
    command = to_copy("sweeps.run", file or spec.name, *overrides)
    plan = Plan(
        name=spec.name,
        backbone=", ".join(spec.backbones),
        task=spec.task_kind,
        objective=f"{spec.metric} ({spec.mode})",
        source=spec.data.source,
        profile=profile.describe(),
        device=profile.device,
        precision=profile.precision,
        concurrency=at_once,
        miniature=prepared.weights.miniature,
        weights_reason=prepared.weights.reason,
        axes=tuple(AxisRow(a.name, a.kind, a.values, dict(a.when)) for a in axes_that_open(spec)),
        space=describe_space(spec),
        sampler=spec.sampler,
        configurations=configurations_count(spec),
        understood=understood(prepared.clips.account, prepared.doubts),
        sound=prepared.clips.sound,
        splits=splits,
        lacking=tuple(f"{row.split}: {row.label}" for row in splits if row.examples == 0),
        groups=groups,
        own_groups=len({example.group for example in prepared.examples}) == len(prepared.examples),
        evaluations=evaluation_rows(spec, prepared.evaluations),
        clips=clips,
        clips_otherwise=tuple(otherwise),
        stages=stages,
        power=power,
        targets=check.targets,
        memory=check.memory,
        disk_bytes=needed_bytes,
        store=spec.data.store,
        download_bytes=0 if prepared.weights.miniature else download_bytes(check),
        problems=(*check.beyond, *disk_problems(spec, needed_bytes)),
        advice=(),
        warnings=tuple(
            design_warnings(spec, stages, [clips, *otherwise])
            + loss_warnings(spec, prepared.task, trained_on)
            + sampling_warnings(spec, prepared.task, trained_on)
        ),
        assumed=profile.facts.assumed,
        next_command=command,
    )
    return _advised(plan)


def _advised(plan: Plan) -> Plan:
    """The same plan with what there is to say about it, the most important first; of the data `understood` has that."""
    found = []
    if plan.problems:
        found.append("As it stands it cannot run on this profile; change what is listed under problems.")
    if plan.miniature:
        found.append(
            "It runs on the miniature: a rehearsal of the whole sweep, whose scores say nothing about real sizes."
        )
    fewest = min((row.groups for row in plan.splits if row.split == "test" and row.groups), default=0)
    if 0 < fewest < FEWEST_GROUPS:
        many = "test group" if fewest == 1 else "test groups"
        found.append(f"Only {fewest} {many} of a class: the verdict will be limited to these groups.")
    elif FEWEST_GROUPS <= fewest <= FEW_GROUPS:
        found.append(f"{fewest} test groups of a class: only large differences can be shown.")
    if plan.lacking:
        found.append(f"No example of a class in a split ({lacking_classes(plan.splits)}): scores there mean little.")
    if len(plan.stages.confirm_seeds) < 2:
        found.append("One confirm seed: the verdict will be about these trained models, not about the configurations.")
    if SAMPLERS[plan.sampler].learns and plan.stages.trials <= STARTUP_TRIALS:
        learner = "TPE" if plan.sampler == TPE else plan.sampler
        found.append(
            f"{plan.stages.trials} trials are proposed at random: {learner} learns from the first {STARTUP_TRIALS}."
        )
    return replace(plan, advice=tuple(found or ["Nothing stands in the way."]))


def lacking_classes(splits: Sequence[SplitRow]) -> str:
    """`test: dog, cat; validation: 120 of 527 classes, such as bee, ...`"""
    found = []
    for split in dict.fromkeys(row.split for row in splits):
        classes = [row for row in splits if row.split == split]
        none = [row.label for row in classes if row.examples == 0]
        few = len(none) <= MOST_LACKING
        shown = ", ".join(none[:MOST_LACKING])
        found += [f"{split}: {shown if few else f'{len(none)} of {len(classes)} classes, such as {shown}'}"] * bool(
            none
        )
    return "; ".join(found)
