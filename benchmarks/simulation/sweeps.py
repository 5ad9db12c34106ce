"""Predictions without training: sweeps whose truth is known, for `benchmarks.false_winners`.

On the logit scale, a model of configuration c under seed s answers clip i of group g correctly with

    skill[c] + difficulty[g, i] + taste[c, g, i] + seed_effect[c, s] + logistic noise > 0

where difficulty (standard deviation 1, the same for all configurations) and taste (0.5, a configuration's own) are
normal, and a share `within_group` of either's variance belongs to the group. `skill` is set so that the accuracy over
new seeds and new clips is the wanted one: "equal" configurations are equal there, and differ on any sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

DIFFICULTY_SD, TASTE_SD = 1.0, 0.5
RUNG_LAGS = (1.0, 0.4, 0.0)  # on the logit, how far below its last skill a trial stands at each rung
LAG_SPREAD = 0.3  # of a trial's own factor on these, on the log
ORACLE_GROUPS = 40_000

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True)
class World:
    """What all configurations share. Accuracies are over new seeds and new clips."""

    clips: int  # of the test set; validation has half as many
    clips_per_group: int
    within_group: float  # intraclass correlation of difficulty and taste, 0 to 1
    seed_spread: float  # standard deviation of seed_effect

    @property
    def groups(self) -> int:
        return self.clips // self.clips_per_group

    def skill(self, accuracy: float, seed_spread: float | None = None) -> float:
        """Of a configuration with this accuracy; `seed_spread` is its own where it is not the world's."""
        spread = self.seed_spread if seed_spread is None else seed_spread
        return _skill(accuracy, math.sqrt(DIFFICULTY_SD**2 + TASTE_SD**2 + spread**2))

    def model_accuracy(self, skill: float | np.ndarray) -> np.ndarray:
        """The accuracy on new clips of trained models; `skill` includes their seed effects."""
        return marginal(skill, math.sqrt(DIFFICULTY_SD**2 + TASTE_SD**2))

    def group_numbers(self, clips: int) -> np.ndarray:
        """(clips,) the group of each, as an index."""
        return np.arange(clips) // self.clips_per_group

    def effects(self, sd: float, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """(*shape), its last axis the clips: a normal effect of which `within_group` belongs to the group."""
        own = rng.standard_normal(shape, dtype=np.float32)
        if self.clips_per_group == 1 or not self.within_group:
            return sd * own
        groups = -(-shape[-1] // self.clips_per_group)
        shared = rng.standard_normal((*shape[:-1], groups), dtype=np.float32)
        shared = np.repeat(shared, self.clips_per_group, axis=-1)[..., : shape[-1]]
        return sd * (math.sqrt(self.within_group) * shared + math.sqrt(1.0 - self.within_group) * own)


def marginal(skill: float | np.ndarray, sd: float) -> np.ndarray:
    """E[sigmoid(skill + normal(0, sd))], by Gauss-Hermite quadrature."""
    return np.asarray(expit(np.asarray(skill)[..., None] + sd * _NODES) @ _WEIGHTS)


@lru_cache(maxsize=256)
def _skill(accuracy: float, sd: float) -> float:
    return float(brentq(lambda skill: float(marginal(skill, sd)) - accuracy, -20.0, 20.0))


@dataclass(frozen=True)
class Validation:
    """What stage 1 sees of every trial at every rung, under one seed, and of the baseline at its end."""

    accuracy: np.ndarray  # (rungs, T)
    loss: np.ndarray  # (rungs, T) a smooth score, smaller is better
    right: np.ndarray  # (T, V) booleans, at the last rung
    baseline_right: np.ndarray  # (V,)


def validation(world: World, accuracies: np.ndarray, baseline: float, rng: np.random.Generator) -> Validation:
    """`accuracies` (T,) are the trials' own at their last rung."""
    trials, clips = len(accuracies), max(2, world.clips // 2)
    last = np.array([world.skill(a) for a in (*accuracies, baseline)], dtype=np.float32)[:, None]
    last = last + world.seed_spread * rng.standard_normal((trials + 1, 1), dtype=np.float32)
    last = last + world.effects(DIFFICULTY_SD, (clips,), rng) + world.effects(TASTE_SD, (trials + 1, clips), rng)
    noise = _logistic((trials + 1, clips), rng)
    lags = np.exp(LAG_SPREAD * rng.standard_normal((trials, 1), dtype=np.float32))
    margins = [last[:-1] - lag * lags + noise[:-1] for lag in RUNG_LAGS]
    return Validation(
        accuracy=np.stack([(margin > 0).mean(axis=1) for margin in margins]),
        loss=np.stack([np.exp(-margin.mean(axis=1)) for margin in margins]),
        right=margins[-1] > 0,
        baseline_right=(last[-1] + noise[-1]) > 0,
    )


@dataclass(frozen=True)
class Answers:
    """What confirm runs answer: one row an arm."""

    right: np.ndarray  # (A, S, N) booleans
    model_accuracy: np.ndarray  # (A, S) of these trained models on new clips


def confirm_answers(
    world: World, accuracies: np.ndarray, seeds: int, rng: np.random.Generator, *, spreads: np.ndarray | None = None
) -> Answers:
    """`accuracies` (A,) are the arms' own, and so are `spreads` (default: the world's); clips and seeds are fresh."""
    arms, clips = len(accuracies), world.clips
    spreads = np.full(arms, world.seed_spread) if spreads is None else spreads
    mean = np.array([world.skill(a, s) for a, s in zip(accuracies, spreads, strict=True)], dtype=np.float32)
    skill = mean[:, None] + spreads[:, None] * rng.standard_normal((arms, seeds), dtype=np.float32)
    shared = world.effects(DIFFICULTY_SD, (clips,), rng) + world.effects(TASTE_SD, (arms, clips), rng)
    margin = skill[:, :, None].astype(np.float32) + shared[:, None, :] + _logistic((arms, seeds, clips), rng)
    return Answers(margin > 0, world.model_accuracy(skill))


def _logistic(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    uniform = np.clip(rng.random(shape, dtype=np.float32), 1e-7, 1.0 - 1e-7)
    return np.log(uniform) - np.log1p(-uniform)


@lru_cache(maxsize=1024)
def true_components(world: World, first: float, second: float) -> tuple[float, float, float]:
    """Variances (seed, group, residual) of the difference between two configurations of these accuracies.

    What an oracle knows: the mean over S seeds and G groups has variance seed / S + group / G + residual / (S G). The
    seed's is quadrature; the other two average over simulated groups, from a stream of their own.
    """
    skills = np.array([world.skill(first), world.skill(second)])
    of_seeds = sum(
        float(_WEIGHTS @ world.model_accuracy(skill + world.seed_spread * _NODES) ** 2) - accuracy**2
        for skill, accuracy in zip(skills, (first, second), strict=True)
    )
    rng = np.random.default_rng(20_221)
    size = world.clips_per_group
    clips = ORACLE_GROUPS * size
    latent = world.effects(DIFFICULTY_SD, (clips,), rng) + world.effects(TASTE_SD, (2, clips), rng) + skills[:, None]
    over_seeds = marginal(latent, world.seed_spread)  # (2, clips)
    by_group = (over_seeds[0] - over_seeds[1]).reshape(-1, size).mean(axis=1)
    of_groups = float(by_group.var())
    effect = world.seed_spread * rng.standard_normal((2, ORACLE_GROUPS, 1))
    one_seed = expit(latent.reshape(2, -1, size) + effect)  # (2, groups, clips of a group)
    total = float((one_seed[0] - one_seed[1]).mean(axis=1).var()) + float((one_seed * (1.0 - one_seed)).sum()) / (
        ORACLE_GROUPS * size**2
    )
    return of_seeds, of_groups, max(total - of_seeds - of_groups, 0.0)
