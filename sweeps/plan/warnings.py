"""What of a sweep's design would make its verdict hard to believe, and can be known before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import Any

from sweeps.config.axis import discrete_values
from sweeps.config.resolve import axes_that_open
from sweeps.config.sampler_rules import CMAES
from sweeps.config.spec import SweepSpec
from sweeps.plan.workload import ClipCounts, Stages
from trainables.config import BALANCED
from trainables.contract import Task
from trainables.packing.compatibility import ADAPTERS_ALONE
from trainables.tasks.rating_losses import shares_of

FEWEST_TRIALS = 4  # of a value that is to have a finalist: the best of fewer is mostly luck
FEWEST_SEEDS = 3
HEARD_ALIKE = 0.9  # of the longest window
OFTEN_ENOUGH = 0.5  # of the batches say something about a rating
OFTEN = 10  # times an epoch that a clip is heard
FREE_LEVEL = ("pearson", "ranking")  # losses that leave the level of the answers free
ASK_FOR_LEVEL = ("val/ccc", "val/mae", "val/rmse", "val/r2")


def design_warnings(spec: SweepSpec, stages: Stages, heard: Sequence[ClipCounts]) -> list[str]:
    """`heard`: what each backbone, or several together, hear of a clip."""
    return [
        *_trials(spec, stages),
        *_finalists(spec),
        *_seeds(stages),
        *shares_heard(heard),
        *_alone(spec),
        *_at_random(spec),
    ]


def _values(spec: SweepSpec, name: str) -> list[object]:
    """Different values that the search can give an axis."""
    return list(dict.fromkeys(v for axis in axes_that_open(spec) if axis.name == name for v in _listed(axis)))


def _listed(axis: object) -> Sequence[object]:
    return discrete_values(axis) or ()


def _trials(spec: SweepSpec, stages: Stages) -> list[str]:
    compared = spec.finalists.per or "backbone"
    values = _values(spec, compared)
    if len(values) < 2 or stages.trials >= FEWEST_TRIALS * len(values):
        return []
    each = stages.trials / len(values)
    word = compared.replace("_", " ")
    return [
        f"{stages.trials} trials for {len(values)} values of {compared} are {each:.2g} each: the best of so few is "
        f"mostly luck, and a {word} may look bad for its one bad learning rate. trials={FEWEST_TRIALS * len(values)} "
        f"gives each {FEWEST_TRIALS}."
    ]


def _finalists(spec: SweepSpec) -> list[str]:
    values = _values(spec, "backbone")
    if len(values) < 2 or spec.finalists.per:
        return []
    return [
        f"The search compares {len(values)} backbones, and `finalists: {spec.finalists.count}` confirms the best "
        "trials, whatever theirs is: finalists={per: backbone} confirms the best of each, and says which is best."
    ]


def _seeds(stages: Stages) -> list[str]:
    if len(stages.confirm_seeds) not in range(2, FEWEST_SEEDS):
        return []
    return [
        "Two confirm seeds: how much a result depends on its seed rests on one difference, so that intervals are wide; "
        "seeds.confirm with 5 costs more and says more."
    ]


def shares_heard(heard: Sequence[ClipCounts]) -> list[str]:
    """Backbones that hear less of a clip than others, where clips are longer than what they hear."""
    longest = max((clips.window_seconds for clips in heard), default=0.0)
    short = [clips for clips in heard if clips.window_seconds < HEARD_ALIKE * longest and clips.cropped]
    return [
        f"{', '.join(clips.backbones)} hear{'s' if len(clips.backbones) == 1 else ''} {clips.window_seconds:g} s of a "
        f"clip, others up to {longest:g} s: {clips.cropped} of {clips.examples} clips are heard in part, and the "
        "comparison is of what is heard as well."
        for clips in short
    ]


def _at_random(spec: SweepSpec) -> list[str]:
    """Axes that CMA-ES has no part in."""
    choices = list(dict.fromkeys(axis.name for axis in axes_that_open(spec) if axis.kind == "choice"))
    if spec.sampler != CMAES or not choices:
        return []
    return [
        f"sampler: cmaes searches ranges of numbers; {len(choices)} choices are drawn at random: {', '.join(choices)}. "
        "tpe and gp learn of those too."
    ]


def _alone(spec: SweepSpec) -> list[str]:
    """Adapters that packing leaves out."""
    if spec.packing == "off":
        return []
    found = [ADAPTERS_ALONE[name] for name in spec.adapters if name in ADAPTERS_ALONE]
    return (
        [f"packing: trainings of these adapters share no batch, and train alone: {'; '.join(found)}."] if found else []
    )


def loss_warnings(spec: SweepSpec, task: Task, training: Sequence[Any]) -> list[str]:
    """What a loss that is of the clips of a batch together cannot teach; `training`: the targets of those clips."""
    joint, rated = getattr(task, "joint", ""), getattr(task, "names", ())
    if not joint:
        return []
    fewest, sizes = int(getattr(task, "fewest_clips", 1)), sorted(spec.values_of("batch_size"))
    found = []
    if spec.metric in ASK_FOR_LEVEL and set(shares_of(getattr(task, "loss", ""))) <= set(FREE_LEVEL):
        found.append(
            f"task.loss {joint} leaves level and scale of the answers free, and {spec.metric} asks for both: add a "
            f"loss that does too, such as {{{joint.partition(',')[0]}: 1, mse: 0.5}}."
        )
    for place, name in enumerate(rated):
        count = sum(target[place] is not None for target in training)
        share = _enough(count / max(1, len(training)), min(sizes), fewest)
        if share < OFTEN_ENOUGH:
            found.append(
                f"The rating {name} stands in {count:,} of {len(training):,} training clips: {share:.0%} of batches of "
                f"{min(sizes)} have {fewest} of them, and from the others task.loss {joint} learns nothing about it. "
                "Take larger batches, or add mse."
            )
    if left := [(size, rest) for size in sizes if 0 < (rest := len(training) % size) < fewest]:
        told = ", ".join(f"of batches of {size} the last has {rest}" for size, rest in left)
        found.append(
            f"{len(training):,} training clips: {told}, and task.loss {joint} learns from {fewest} or more together; "
            "in every epoch it learns nothing from those."
        )
    return found


def sampling_warnings(spec: SweepSpec, task: Task, training: Sequence[Any]) -> list[str]:
    """Clips that balanced sampling repeats often, and classes that are balanced twice; `training`: their targets."""
    if BALANCED not in spec.values_of("sampling"):
        return []
    from trainables.training.sampling import balanced

    odds = balanced(training)
    most = float(odds.max() / odds.mean())
    found = []
    if most > OFTEN:
        few = int((odds == odds.max()).sum())
        clips = "one training clip is" if few == 1 else f"{few:,} training clips are"
        found.append(
            f"train.sampling balanced: {clips} heard about {most:.0f} times an epoch each, to be heard as often as "
            "other classes: without changes to them (augment) they are soon known by heart."
        )
    if weights := [name for name in ("class_weights", "positive_weights") if getattr(task, name, None) is not None]:
        found.append(
            f"train.sampling balanced beside task.{weights[0]}: rare classes count twice; one of them is enough."
        )
    return found


def _enough(share: float, size: int, fewest: int) -> float:
    """The chance that so many of a batch's clips have what a `share` of all clips has."""
    return 1 - sum(comb(size, count) * share**count * (1 - share) ** (size - count) for count in range(fewest))
