"""How much a sweep is: clips, runs, epochs, optimizer steps, bytes on disk. Counted; nothing is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sweeps.config.pruner_rules import NONE, PRUNERS, rungs
from sweeps.config.resolve import baseline_config
from sweeps.config.spec import SweepSpec
from sweeps.plan.data import Clips
from sweeps.plan.prepare import Prepared
from sweeps.plan.targets import BackboneCheck
from trainables.data.sound.store import Hearing
from trainables.data.storing import LAZY
from trainables.modeling.checkpoints import is_file_name
from trainables.training.resume_points import KEPT_POINTS

RESUME_BYTES_PER_PARAM = 12  # fp32 weight and AdamW's two moments
ADAPTER_BYTES_PER_PARAM = 4
ANSWER_BYTES = 100  # to one clip; kept with the run and in MLflow
RUN_BYTES = 40_000  # history, journal, the fixed parts of files
SAMPLE_BYTES = 4
KEPT_WINDOWS = 8  # features and outputs of frozen parts, in whole windows of sound, for each choice of layers
KEPT_BYTES = 4_000_000_000  # at most, of all splits together
KEPT_SHARE = 8  # of limits.disk_gb: at most the eighth part
WEIGHTS_BYTES_PER_PARAM = 2  # published checkpoints are bf16


@dataclass(frozen=True)
class ClipCounts:
    """Clips against the backbone's window: longer ones are cropped, shorter ones padded."""

    window_seconds: float
    sample_rate_hz: int
    examples: int
    cropped: int
    padded: int
    total_seconds: float  # after cropping
    left_out: int = 0  # too short or too long for the task
    backbones: tuple[str, ...] = ()  # that hear the clips so


@dataclass(frozen=True)
class Stages:
    """How much is trained. A run is one training of (configuration, seed, fold)."""

    trials: int
    epochs: int  # of a run that is not pruned
    pruner: str  # a name of PRUNERS
    rungs: tuple[int, ...]  # epochs after which it may stop a trial
    reduction_factor: int
    explore_seeds: tuple[int, ...]
    inner_folds: int  # 1: none
    outer_folds: int  # 1: none; each is a whole sweep of its own
    confirm_seeds: tuple[int, ...]
    looks: tuple[int, ...]  # numbers of confirm seeds, the last one all: an arm that is decided gets no more
    finalists: int
    explore_runs: int
    confirm_runs: int  # finalists and baseline
    untuned_runs: int  # answered, not trained
    fewest_confirm_runs: int  # where all is decided at the first look
    most_epochs: int  # upper bound: as many if nothing were pruned
    baseline_steps: int  # optimizer steps of one baseline run


def compared_after(spec: SweepSpec, epochs: int) -> tuple[int, ...]:
    """The epochs after which the pruner may stop a trial of so many; in brackets those of the first, the strictest."""
    if spec.pruner == NONE:
        return ()
    if PRUNERS[spec.pruner].halves:
        return rungs(spec.grace_epochs, spec.reduction_factor, epochs)
    return tuple(range(spec.grace_epochs, epochs))


def count_stages(spec: SweepSpec, *, training_clips: int, untuned: bool, outer_folds: int = 1) -> Stages:
    from trainables.training.schedule import planned_epochs, total_steps

    per = next((axis for axis in spec.axes if axis.name == spec.finalists.per), None)
    finalists = spec.finalists.count if per is None else len(per.values)
    baseline = baseline_config(spec)
    epochs = planned_epochs(baseline, training_clips)
    folds = spec.data.inner_folds or 1
    explore_runs = spec.trials * len(spec.explore_seeds) * folds * outer_folds
    confirm_runs = (finalists + 1) * len(spec.confirm_seeds) * outer_folds
    return Stages(
        trials=spec.trials,
        epochs=epochs,
        pruner=spec.pruner,
        rungs=compared_after(spec, epochs),
        reduction_factor=spec.reduction_factor,
        explore_seeds=spec.explore_seeds,
        inner_folds=folds,
        outer_folds=outer_folds,
        confirm_seeds=spec.confirm_seeds,
        looks=spec.looks,
        finalists=finalists,
        explore_runs=explore_runs,
        confirm_runs=confirm_runs,
        fewest_confirm_runs=(finalists + 1) * spec.looks[0] * outer_folds,
        untuned_runs=int(untuned) * outer_folds,
        most_epochs=(explore_runs + confirm_runs) * epochs,
        baseline_steps=total_steps(baseline, training_clips),
    )


def count_clips(prepared: Prepared) -> list[ClipCounts]:
    """For each way in which the sweep's backbones hear clips, from the headers of the files alone."""
    return [_counts(prepared.clips, hearing, names) for hearing, names in prepared.hearings.items()]


def _counts(clips: Clips, hearing: Hearing, backbones: Sequence[str]) -> ClipCounts:
    window, one_sample = hearing.window_seconds, 1.0 / hearing.sample_rate_hz
    return ClipCounts(
        window_seconds=window,
        sample_rate_hz=hearing.sample_rate_hz,
        examples=len(clips.seconds),
        cropped=sum(length > window + one_sample for length in clips.seconds),
        padded=sum(length < window - one_sample for length in clips.seconds),
        total_seconds=round(sum(min(length, window) for length in clips.seconds), 1),
        left_out=clips.left_out,
        backbones=tuple(backbones),
    )


def kept_bytes_per_clip(prepared: Prepared) -> int:
    """What workers may keep on disk of each clip that is computed once: a bound, which is rarely reached."""
    spec = prepared.spec
    examples = len(prepared.examples) + sum(len(further.examples) for further in prepared.evaluations.values())
    samples = [round(how.window_seconds * how.sample_rate_hz) * len(names) for how, names in prepared.hearings.items()]
    choices = next((len(axis.values) for axis in spec.axes if axis.name == "layers"), 1)
    most = KEPT_BYTES if spec.disk_gb is None else min(KEPT_BYTES, spec.disk_gb * 1e9 / KEPT_SHARE)
    return int(min(KEPT_WINDOWS * choices * sum(samples) * SAMPLE_BYTES, most / max(1, examples)))


def disk_bytes(
    check: BackboneCheck,
    stages: Stages,
    heard: Sequence[ClipCounts],
    trials_at_once: int,
    kept_bytes_per_clip: int,
    *,
    keeps_sound: bool = True,
) -> int:
    """The most that the sweep will hold at a time; an estimate, meant to err upwards.

    Sound as decoded, and what workers keep of it; the resume points of the trials that train at once, with the largest
    adapter; of stage 1 the adapters of as many as may become finalists; confirmed adapters, and once more in MLflow;
    answers and records.
    """
    largest = max([row.trainable_params for row in check.targets], default=0)
    lanes = len(stages.explore_seeds) * stages.inner_folds
    training = trials_at_once * lanes * (KEPT_POINTS + 1) * RESUME_BYTES_PER_PARAM * largest  # one is being written
    candidates = (stages.finalists + trials_at_once) * lanes * stages.outer_folds
    confirmed = stages.confirm_runs * 2 * max(largest, check.baseline_params)
    runs = stages.explore_runs + stages.confirm_runs + stages.untuned_runs
    answers = 2 * runs * heard[0].examples * ANSWER_BYTES
    samples = sum(int(clips.total_seconds * clips.sample_rate_hz) for clips in heard) if keeps_sound else 0
    sound = (samples * SAMPLE_BYTES + kept_bytes_per_clip * heard[0].examples) * stages.outer_folds
    return training + ADAPTER_BYTES_PER_PARAM * (candidates * largest + confirmed) + answers + runs * RUN_BYTES + sound


def further_bytes(prepared: Prepared, stages: Stages, clips: Clips) -> int:
    """What a further test set adds to `disk_bytes`: its sound, what is kept of it, and the answers of stage 2."""
    samples = (prepared.spec.data.store != LAZY) * sum(
        int(min(length, how.window_seconds) * how.sample_rate_hz)
        for how in prepared.hearings
        for length in clips.seconds
    )
    answers = 2 * (stages.confirm_runs + stages.untuned_runs) * len(clips.examples) * ANSWER_BYTES
    sound = samples * SAMPLE_BYTES + kept_bytes_per_clip(prepared) * len(clips.examples)
    return sound * stages.outer_folds + answers


def disk_problems(spec: SweepSpec, disk_bytes: int) -> list[str]:
    if spec.disk_gb is None or disk_bytes <= spec.disk_gb * 1e9:
        return []
    return [
        f"limits.disk_gb: {spec.disk_gb:g} GB, and this sweep needs about {disk_bytes / 1e9:.1f} GB for its results."
    ]


def download_bytes(check: BackboneCheck) -> int:
    """Of every size once; what is in the cache already is not taken off. Files that no hub has are not downloaded."""
    files = {(row.backbone, row.model_size) for row in check.memory if is_file_name(row.checkpoint)}
    sizes = {(row.backbone, row.model_size): row.total_params for row in check.targets}
    params = {size: count for size, count in sizes.items() if size not in files}
    return sum(params.values()) * WEIGHTS_BYTES_PER_PARAM
