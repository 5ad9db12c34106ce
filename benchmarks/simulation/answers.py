"""What confirm runs answer in many simulated sweeps at once, as the verdict takes it: values and pseudo-values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from analysis.predictions.align import effective_groups, groups_per_class
from analysis.predictions.metrics import METRICS
from analysis.predictions.pseudovalues import mean_pseudovalues_of, sum_pseudovalues
from analysis.verdict.arms import Design
from benchmarks.simulation.settings import CHANCE, Setting
from benchmarks.simulation.worlds import DIFFICULTY_SD, TASTE_SD, World, logistic, marginal
from trainables.records import NO_FOLD, Predictions

CLASS_SHARES = (0.40, 0.30, 0.17, 0.07, 0.03, 0.03)  # of macro F1: two rare ones
WORDS_MEAN, WORDS_SPREAD = 2.1, 0.8  # of the logarithm of an utterance's words
RUNAWAY, RUNAWAY_TIMES = 0.003, (5, 20)  # share of answers that run on, and for how many times the utterance
DIFFICULTY_OF_WORDS, TASTE_OF_WORDS, SEED_OF_WORDS = 0.6, 0.3, 0.15  # on the log of the error rate


@dataclass(frozen=True)
class Confirmed:
    """R sweeps, A arms (the baseline last), S seeds, G groups, N clips."""

    design: Design
    mode: str  # max | min
    values: np.ndarray  # (R, A, S)
    by_group: np.ndarray  # (R, A, S, G)
    within: np.ndarray  # (R, A, S, G) the metric on each group's own clips
    truths: np.ndarray  # (R, A) over new seeds and clips
    right: np.ndarray | None = None  # (R, A, S, N) booleans
    model_truths: np.ndarray | None = None  # (R, A, S) of the trained models on new clips
    clip_truths: np.ndarray | None = None  # (R, A) over new seeds, on these clips

    @property
    def counted(self) -> bool:
        """Whether McNemar judges one seed: a count of right answers, every clip for itself."""
        return self.right is not None and self.design.groups == self.design.examples

    def first(self, seeds: int) -> Confirmed:
        """The first so many runs of every arm."""
        cut = {name: getattr(self, name)[:, :, :seeds] for name in ("values", "by_group", "within")}
        right = None if self.right is None else self.right[:, :, :seeds]
        models = None if self.model_truths is None else self.model_truths[:, :, :seeds]
        return replace(self, **cut, right=right, model_truths=models)


def confirmed(setting: Setting, truths: np.ndarray, seeds: int, rng: np.random.Generator) -> Confirmed:
    """`truths` (R, A) are the arms' own accuracies (or whatever the metric is), the baseline's last."""
    if setting.metric == "wer":
        return _words(setting, truths, seeds, rng)
    if setting.metric == "macro_f1":
        return _classes(setting, truths, seeds, rng)
    right, models, clips = _right(setting, truths, seeds, rng)
    return of_right(setting.world, right, truths, models, clips)


def of_right(
    world: World,
    right: np.ndarray,
    truths: np.ndarray,
    models: np.ndarray | None = None,
    clips: np.ndarray | None = None,
) -> Confirmed:
    """From right and wrong, (R, A, S, N)."""
    if world.alone:
        by_group = within = right.astype(float)
        values = by_group.mean(axis=-1)
    else:
        sizes = world.sizes()
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        sums = np.add.reduceat(right, starts, axis=-1, dtype=float)
        by_group, values, within = mean_pseudovalues_of(sums, sizes), sums.sum(axis=-1) / world.clips, sums / sizes
    return Confirmed(design_of(world, "accuracy"), "max", values, by_group, within, truths, right, models, clips)


@lru_cache(maxsize=64)
def design_of(world: World, metric: str) -> Design:
    """As `arms_of` makes it."""
    groups = [str(number) for number in world.group_numbers()]
    classes = tuple(map(str, range(len(CLASS_SHARES)))) if metric == "macro_f1" else ()
    targets = [str(label) for label in labels(world)] if classes else groups
    ids = list(map(str, range(world.clips)))
    answers = Predictions(ids, groups, [NO_FOLD] * world.clips, targets, targets, classes=classes)
    fewest = min(groups_per_class(answers).values())
    return Design(f"test/{metric}", world.clips, world.groups, fewest, (), effective_groups(answers))


@lru_cache(maxsize=64)
def labels(world: World) -> np.ndarray:
    """(N,) the classes of the test clips: the same shares in every world, in an order of their own."""
    counts = np.round(np.array(CLASS_SHARES) * world.clips).astype(int)
    counts[0] += world.clips - counts.sum()
    return np.random.default_rng(6).permutation(np.repeat(np.arange(len(counts)), counts))


def _right(
    setting: Setting, truths: np.ndarray, seeds: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """(R, A, S, N) right or wrong, (R, A, S) the models' accuracies, and (R, A) the arms' on these clips if asked."""
    world, (sweeps, arms) = setting.world, truths.shape
    spreads, collapse = setting.spreads(arms), setting.collapses(arms)
    healthy = (truths - collapse * CHANCE) / (1.0 - collapse)
    skill = np.stack([world.skills(healthy[:, a], spreads[a]) for a in range(arms)], axis=1)[..., None]
    skill = skill + spreads[:, None] * rng.standard_normal((sweeps, arms, seeds))
    if setting.collapse:
        fallen = rng.random(skill.shape) < collapse[:, None]
        skill = np.where(fallen, world.skill(CHANCE, 0.0), skill)
    shared = world.effects(TASTE_SD, (sweeps, arms, world.clips), rng)
    shared += world.effects(DIFFICULTY_SD, (sweeps, 1, world.clips), rng)
    margin = logistic((sweeps, arms, seeds, world.clips), rng)
    margin += shared[:, :, None, :]
    right = margin > -skill[..., None].astype(np.float32)
    clips = None
    if setting.family == "counts":
        clips = np.stack([_on_these(world, shared[:, a], truths[:, a], spreads[a]) for a in range(arms)], axis=1)
    return right, world.model_accuracy(skill), clips


def _on_these(world: World, shared: np.ndarray, accuracy: np.ndarray, spread: float) -> np.ndarray:
    """(R,) the accuracy on these clips over new seeds."""
    skills = world.skills(accuracy, spread)
    return np.array([marginal(one + skill, spread).mean() for one, skill in zip(shared, skills, strict=True)])


def _words(setting: Setting, truths: np.ndarray, seeds: int, rng: np.random.Generator) -> Confirmed:
    """Errors are Poisson about words times a rate; a few answers run on. Truths are word error rates without those."""
    world, (sweeps, arms) = setting.world, truths.shape
    clips = world.clips
    words = np.maximum(1.0, np.round(np.exp(WORDS_MEAN + WORDS_SPREAD * rng.standard_normal((sweeps, 1, 1, clips)))))
    hard = world.effects(DIFFICULTY_OF_WORDS, (sweeps, 1, 1, clips), rng) + world.effects(
        TASTE_OF_WORDS, (sweeps, arms, 1, clips), rng
    )
    spread = SEED_OF_WORDS * world.seed_spread
    luck = spread * rng.standard_normal((sweeps, arms, seeds, 1))
    half = (DIFFICULTY_OF_WORDS**2 + TASTE_OF_WORDS**2 + spread**2) / 2.0  # so that the factor is 1 on average
    errors = rng.poisson(words * truths[:, :, None, None] * np.exp(hard + luck - half)).astype(float)
    if setting.detail == "runaway":
        runs = rng.random(errors.shape) < RUNAWAY
        errors += np.where(runs, rng.integers(*RUNAWAY_TIMES, size=errors.shape, endpoint=True) * words, 0.0)
        truths = truths + RUNAWAY * sum(RUNAWAY_TIMES) / 2.0
    sums = np.stack([errors, np.broadcast_to(words, errors.shape)], axis=-1)
    return _of_sums(world, sums, "wer", truths)


def _classes(setting: Setting, truths: np.ndarray, seeds: int, rng: np.random.Generator) -> Confirmed:
    """Truths given are accuracies; those of macro F1 follow. A wrong answer is any other class alike."""
    world = setting.world
    right, _, _ = _right(setting, truths, seeds, rng)
    actual, count = labels(world), len(CLASS_SHARES)
    said = (actual + rng.integers(1, count, size=right.shape)) % count
    said = np.where(right, actual, said)[..., None] == np.arange(count)
    is_class = actual[:, None] == np.arange(count)
    sums = np.concatenate([said & is_class, said, np.broadcast_to(is_class, said.shape)], axis=-1)
    return _of_sums(world, sums.astype(float), "macro_f1", macro_f1_of(truths))


def macro_f1_of(accuracy: np.ndarray) -> np.ndarray:
    """(...) in the long run, where every class is answered with this accuracy."""
    shares = np.array(CLASS_SHARES)
    p = np.asarray(accuracy)[..., None]
    claimed = p * shares + (1.0 - p) * (1.0 - shares) / (len(shares) - 1)
    return np.asarray((2.0 * p * shares / (claimed + shares)).mean(axis=-1))


def _of_sums(world: World, sums: np.ndarray, name: str, truths: np.ndarray) -> Confirmed:
    """`sums` (R, A, S, N, F): what each clip adds."""
    metric = METRICS[name]
    if not world.alone:
        starts = np.concatenate([[0], np.cumsum(world.sizes())[:-1]])
        sums = np.add.reduceat(sums, starts, axis=-2)
    values = metric.value(sums.sum(axis=-2))
    by_group, within = sum_pseudovalues(sums, metric), metric.value(sums)
    return Confirmed(design_of(world, name), metric.mode, values, by_group, within, truths)
