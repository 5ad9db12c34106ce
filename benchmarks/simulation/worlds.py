"""Worlds whose truth is known, for `benchmarks.false_winners`.

On the logit scale, a model of configuration c under seed s answers clip i of group g correctly with

    skill[c] + difficulty[g, i] + taste[c, g, i] + seed_effect[c, s] + logistic noise > 0

where difficulty (scale 1, the same for all configurations) and taste (0.5, a configuration's own) are normal or of
Student's t with two degrees of freedom, and a share `within_group` of either's variance belongs to the group. `skill`
is set so that the accuracy over new seeds and new clips is the wanted one: "equal" configurations are equal there, and
differ on any sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

DIFFICULTY_SD, TASTE_SD = 1.0, 0.5
FURTHEST_SKILL, SKILL_STEP = 30.0, 0.04
ORACLE_GROUPS = 20_000
LATENT_BINS = 1200

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True)
class World:
    """What all configurations share. Accuracies are over new seeds and new clips."""

    clips: int  # of the test set; validation has half as many
    clips_per_group: int  # on average
    within_group: float  # intraclass correlation of difficulty and taste, 0 to 1
    seed_spread: float  # standard deviation of seed_effect
    tails: str = "normal"  # normal | t2: of difficulty and taste
    shape: str = "equal"  # equal | half | zipf: how clips are shared among groups; half: one group has half of them

    @property
    def groups(self) -> int:
        return self.clips // self.clips_per_group

    @property
    def alone(self) -> bool:
        """Whether every clip stands for itself."""
        return self.clips_per_group == 1

    def sizes(self) -> np.ndarray:
        """(G,) clips of each group, in the order in which they stand."""
        groups = self.groups
        if self.shape == "equal":
            return np.full(groups, self.clips_per_group)
        weight = np.ones(groups) if self.shape == "half" else 1.0 / np.arange(1, groups + 1)
        if self.shape == "half":
            weight[0] = groups - 1.0
        wanted = np.maximum(1.0, self.clips * weight / weight.sum())
        sizes = np.floor(wanted).astype(int)
        sizes[0] += self.clips - sizes.sum()
        return sizes

    def group_numbers(self) -> np.ndarray:
        """(clips,) the group of each, as an index."""
        return np.repeat(np.arange(self.groups), self.sizes())

    def skill(self, accuracy: float, seed_spread: float | None = None) -> float:
        """Of a configuration with this accuracy; `seed_spread` is its own where it is not the world's."""
        spread = self.seed_spread if seed_spread is None else seed_spread
        return _skill(accuracy, self.tails, spread)

    def skills(self, accuracies: np.ndarray, seed_spread: float | None = None) -> np.ndarray:
        """(...) of accuracies (...)."""
        values, places = np.unique(accuracies, return_inverse=True)
        return np.array([self.skill(float(value), seed_spread) for value in values])[places].reshape(accuracies.shape)

    def model_accuracy(self, skill: float | np.ndarray) -> np.ndarray:
        """The accuracy on new clips of trained models; `skill` includes their seed effects."""
        grid, accuracy = _curve(self.tails, 0.0)
        return np.interp(np.asarray(skill, dtype=float), grid, accuracy)

    def effects(self, scale: float, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """(*shape), its last axis the test clips: effects of which `within_group` belongs to the group."""
        return self._effects(scale, shape, self.sizes(), rng)

    def validation_effects(self, scale: float, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """The same for validation clips, in groups of `clips_per_group`, the last one cut off."""
        return self._effects(scale, shape, np.full(-(-shape[-1] // self.clips_per_group), self.clips_per_group), rng)

    def _effects(self, scale: float, shape: tuple[int, ...], sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        own = rng.standard_normal(shape, dtype=np.float32)
        grouped = not self.alone and self.within_group > 0.0
        if grouped:
            shared = rng.standard_normal((*shape[:-1], len(sizes)), dtype=np.float32)
            own *= np.float32(math.sqrt(1.0 - self.within_group))
            own += np.float32(math.sqrt(self.within_group)) * np.repeat(shared, sizes, axis=-1)[..., : shape[-1]]
        if self.tails == "t2":  # a multivariate t over the clips of a group
            units = (*shape[:-1], len(sizes)) if grouped else shape
            squares = rng.standard_exponential(units, dtype=np.float32) + np.float32(1e-12)
            own /= np.sqrt(np.repeat(squares, sizes, axis=-1)[..., : shape[-1]] if grouped else squares)
        own *= np.float32(scale)
        return own


def logistic(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    uniform = np.clip(rng.random(shape, dtype=np.float32), 1e-7, 1.0 - 1e-7)
    return np.log(uniform / (1.0 - uniform))


def marginal(skill: float | np.ndarray, sd: float) -> np.ndarray:
    """E[sigmoid(skill + normal(0, sd))], by Gauss-Hermite quadrature."""
    return np.asarray(expit(np.asarray(skill)[..., None] + sd * _NODES) @ _WEIGHTS)


@lru_cache(maxsize=64)
def _curve(tails: str, seed_spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Skills, and the accuracy over new clips and seeds that each has."""
    grid = np.arange(-FURTHEST_SKILL, FURTHEST_SKILL, SKILL_STEP)
    if tails == "normal":
        return grid, marginal(grid, math.sqrt(DIFFICULTY_SD**2 + TASTE_SD**2 + seed_spread**2))
    u = (np.arange(400) + 0.5) / 400
    quantiles = (2.0 * u - 1.0) / np.sqrt(2.0 * u * (1.0 - u))  # of Student's t with two degrees of freedom
    latent = (DIFFICULTY_SD * quantiles[:, None] + TASTE_SD * quantiles[None, :]).ravel()
    counts, edges = np.histogram(np.clip(latent, -60.0, 60.0), bins=LATENT_BINS, range=(-60.0, 60.0))
    middle = (edges[1:] + edges[:-1]) / 2.0
    return grid, np.array([float(counts @ marginal(s + middle, seed_spread)) for s in grid]) / counts.sum()


@lru_cache(maxsize=1024)
def _skill(accuracy: float, tails: str, seed_spread: float) -> float:
    if tails == "normal":
        sd = math.sqrt(DIFFICULTY_SD**2 + TASTE_SD**2 + seed_spread**2)
        return float(brentq(lambda skill: float(marginal(skill, sd)) - accuracy, -20.0, 20.0))
    grid, curve = _curve(tails, seed_spread)
    return float(np.interp(accuracy, curve, grid))


@lru_cache(maxsize=1024)
def true_components(world: World, first: float, second: float) -> tuple[float, float, float]:
    """Variances (seed, group, residual) of the difference between two configurations of these accuracies.

    What an oracle knows: the mean over S seeds and G groups has variance seed / S + group / G + residual / (S G). The
    seed's is quadrature; the other two average over simulated groups, from a stream of their own. Equal groups.
    """
    skills = np.array([world.skill(first), world.skill(second)])
    of_seeds = sum(
        float(_WEIGHTS @ world.model_accuracy(skill + world.seed_spread * _NODES) ** 2) - accuracy**2
        for skill, accuracy in zip(skills, (first, second), strict=True)
    )
    rng = np.random.default_rng(20_221)
    size = world.clips_per_group
    many = World(ORACLE_GROUPS * size, size, world.within_group, world.seed_spread, world.tails)
    clips = many.clips
    latent = many.effects(DIFFICULTY_SD, (clips,), rng) + many.effects(TASTE_SD, (2, clips), rng) + skills[:, None]
    over_seeds = marginal(latent, world.seed_spread)  # (2, clips)
    by_group = (over_seeds[0] - over_seeds[1]).reshape(-1, size).mean(axis=1)
    of_groups = float(by_group.var())
    effect = world.seed_spread * rng.standard_normal((2, ORACLE_GROUPS, 1))
    one_seed = expit(latent.reshape(2, -1, size) + effect)  # (2, groups, clips of a group)
    total = float((one_seed[0] - one_seed[1]).mean(axis=1).var()) + float((one_seed * (1.0 - one_seed)).sum()) / (
        ORACLE_GROUPS * size**2
    )
    return max(of_seeds, 0.0), of_groups, max(total - of_seeds - of_groups, 0.0)
