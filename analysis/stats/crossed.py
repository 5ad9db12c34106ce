"""Seeds and test groups as crossed random factors: the analysis of variance behind the verdict.

The same test groups are scored by the models of every seed, so neither factor is nested in the other. This is the
multi-reader multi-case design of diagnostic imaging (Obuchowski and Rockette 1995; degrees of freedom: Hillis 2007,
Statistics in Medicine 26:596).

`two_arms` decides. Its seeds are each arm's own, as readers who each know one technique (Hillis 2014, ibid. 33:330):
two configurations trained under the same number share no luck that lasts, and taking their spreads apart tells more
about them than the spread of the differences does. If a seed did push both arms alike, the interval is wider than need
be, never narrower. From three arms on their spreads are pooled, as Tukey's and Dunnett's comparisons pool the error
(Dunnett 1955, JASA 50:1096): two seeds of two arms tell little about how much seeds matter, two of five tell more. A
pair that spreads more than the pool keeps its own spread, and its own degrees of freedom where chance hardly explains
it.

Near the ends of a share (accuracy 0.96 against 0.99) the lower arm's seeds scatter more, and skewed: few bad ones. The
interval then reaches further away from 0, as far as the logit says; p-values do not change.

`crossed` is the same for a table of differences; its error term of the seeds is never taken to be smaller than the
residual, which the textbook form allows and which makes false winners at two or three seeds.
`benchmarks/FALSE_WINNERS.md` has both on simulated sweeps.

A limit to know: with few seeds the degrees of freedom may be close to S - 1, and intervals are then wide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import fdtrc, stdtr  # what scipy.stats.t calls, without its checks of every argument

from analysis.stats.scale import logit_reach, quantile

FEWEST_GROUPS = 6  # in the smallest class, for a claim about new groups
FEW_GROUPS = 20  # in the smallest class: up to here a warning says that they are few
FEWEST_POOLED = 3
DIFFERENT = 0.1  # p-value of an F test below which a pair begins to be taken for one that spreads more than the pool
ROUNDING = 1e-9  # spread below this share of the largest difference is floating-point noise, not variance


@dataclass(frozen=True)
class Estimate:
    """A mean difference with its uncertainty. Without variance nothing can be tested, and the last two are None."""

    mean: float
    variance: float  # of the mean
    degrees_of_freedom: float
    ms_seed: float
    ms_group: float
    ms_residual: float
    alpha: float
    seed_freedom: float  # degrees of freedom of ms_seed
    p_value: float | None = None  # two-sided, Student's t
    interval: tuple[float, float] | None = None  # two-sided, at confidence 1 - alpha
    arms: tuple[float, float, float, float] | None = None  # of a share: mean and variance by seeds, first and second

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Estimate:
        """The inverse of `dataclasses.asdict`, after JSON."""
        pairs = {name: None if (ends := plain.get(name)) is None else tuple(ends) for name in ("interval", "arms")}
        return cls(**{**plain, **pairs})

    def interval_at(self, alpha: float) -> tuple[float, float] | None:
        """The two-sided interval at confidence 1 - alpha; of shares, its end away from 0 by the arms' logits.

        Each arm's part of the variance that its seeds make reaches as far as on the logit, up and down unlike (Zou and
        Donner 2008, Statistics in Medicine 27:1693); the far end is moved out where that is further, never in.
        """
        if self.variance <= 0.0:
            return None
        t = quantile(self.degrees_of_freedom, alpha)
        half_width = t * math.sqrt(self.variance)
        low, high = self.mean - half_width, self.mean + half_width
        if self.arms is None:
            return (low, high)
        first, second = self.arms[:2], self.arms[2:]
        rest = t**2 * max(self.variance - first[1] - second[1], 0.0)
        (down1, up1), (down2, up2) = logit_reach(*first, t), logit_reach(*second, t)
        if self.mean > 0.0:
            high = max(high, self.mean + math.sqrt(up1**2 + down2**2 + rest))
        elif self.mean < 0.0:
            low = min(low, self.mean - math.sqrt(down1**2 + up2**2 + rest))
        return (low, high)

    def negated(self) -> Estimate:
        """The estimate of the opposite difference."""
        low_high = self.interval
        return replace(
            self,
            mean=-self.mean,
            interval=None if low_high is None else (-low_high[1], -low_high[0]),
            arms=None if self.arms is None else (*self.arms[2:], *self.arms[:2]),
        )

    def at_most(self, degrees_of_freedom: float) -> Estimate:
        """The same estimate with the degrees of freedom capped."""
        if self.degrees_of_freedom <= degrees_of_freedom:
            return self
        return _tested(replace(self, degrees_of_freedom=float(degrees_of_freedom)))


@dataclass(frozen=True)
class SeedSpread:
    """What seeds do to one arm, pooled over several."""

    ms_seed: float  # of one arm
    degrees_of_freedom: float
    arms: int = FEWEST_POOLED


def pooled_spread(tables: Sequence[np.ndarray]) -> SeedSpread | None:
    """Of the arms' (S, G) tables; None for fewer than three arms that know seeds, which say nothing of each other."""
    several = [table for table in tables if _knows_seeds(table)]
    if len(several) < FEWEST_POOLED:
        return None
    freedom = sum(len(table) - 1 for table in several)
    pooled = sum((len(table) - 1) * _seed_square(table) for table in several) / freedom
    return SeedSpread(pooled, float(freedom), len(several))


def crossed(differences: np.ndarray, *, spread: SeedSpread | None = None, alpha: float = 0.05) -> Estimate:
    """Two-way crossed random effects over `differences` (S seeds, G groups), both at least 2, all finite.

    With a = max(MS_seed, MS_residual) and g = max(MS_group - MS_residual, 0) the mean's variance is (a + g) / (S G),
    on (a + g)^2 / (a^2 / (S - 1)) degrees of freedom; where every seed gives the same differences (a = 0) only groups
    vary, and those are G - 1. For one arm's own scores `spread`, pooled over this and other arms, takes a's place where
    it is larger, with its degrees of freedom. Raises ValueError for another shape or for values that are not finite.
    """
    seeds, groups = _shape(differences, least_seeds=2, least_groups=2)
    ms_seed, ms_group, ms_residual = mean_squares(differences)
    a = max(ms_seed, ms_residual)
    g = max(ms_group - ms_residual, 0.0)
    freedom = seeds - 1.0
    if spread is not None and spread.ms_seed > a and _knows_seeds(differences):
        a, freedom = spread.ms_seed, spread.degrees_of_freedom
    df = (a + g) ** 2 / (a**2 / freedom) if a > 0.0 else float(groups - 1)
    variance = (a + g) / (seeds * groups)
    return _estimate(differences, variance, df, (ms_seed, ms_group, ms_residual), alpha, freedom)


def two_arms(
    first: np.ndarray,
    second: np.ndarray,
    differences: np.ndarray | None = None,
    *,
    spread: SeedSpread | None = None,
    alpha: float = 0.05,
    share: bool = False,
) -> Estimate:
    """The verdict's rule: groups are shared, seeds are each arm's own. Tables are (S, G), both at least 2, all finite.

    With a = MS_seed of `first` + MS_seed of `second` on Welch's degrees of freedom f (S - 1 to 2 S - 2), and
    g = max(MS_group - MS_residual, 0) of the differences, the mean's variance is (a + g) / (S G), on
    (b + g)^2 / (b^2 / f) degrees of freedom, b = max(a, MS_residual): a spread that is small by chance buys no
    certainty. With `spread`, pooled over these two arms and others, a is at least the pooled MS_seed for each of the
    two that knows seeds (an untuned backbone does not: it answers alike under all), and f the pool's, unless the two
    clearly spread more than the others (`_with_pool`). Where all seeds of
    both arms score the same, a is MS_residual on S - 1; where the differences do not vary at all there is no variance.
    `share`: the metric is one, 0 to 1, whose seeds vary the more the further they are from its ends; the interval then
    reaches further on the far side of 0 where the arm with the lower share says so (`Estimate.interval_at`).
    `differences` may be given, freed of rounding. Raises ValueError as `crossed`.
    """
    d = first - second if differences is None else differences
    seeds, groups = _shape(d, least_seeds=2, least_groups=2)
    ms_paired, ms_group, ms_residual = mean_squares(d)
    own = [_seed_square(arm) for arm in (first, second)]
    a = sum(own)
    freedom = (seeds - 1) * a**2 / sum(square**2 for square in own) if a > 0.0 else seeds - 1.0
    if spread is not None and spread.ms_seed > 0.0:
        known = sum(_knows_seeds(arm) for arm in (first, second))
        a, freedom = _with_pool(a, freedom, spread, known)
    g = max(ms_group - ms_residual, 0.0)
    b = max(a, ms_residual)
    df = (b + g) ** 2 / (b**2 / freedom) if b > 0.0 else float(groups - 1)
    varies = max(ms_paired, ms_group, ms_residual) > 0.0
    variance = ((a or ms_residual) + g) / (seeds * groups) if varies else 0.0
    arms = None
    if share and sum(own) > 0.0 and variance > 0.0:
        by_seeds = [square * a / sum(own) / (seeds * groups) for square in own]
        arms = (float(first.mean()), by_seeds[0], float(second.mean()), by_seeds[1])
    return _estimate(d, variance, df, (a, ms_group, ms_residual), alpha, freedom, arms)


def seeds_only(differences: np.ndarray, *, alpha: float = 0.05) -> Estimate:
    """Seeds as the only random factor, for a claim limited to the groups at hand: t on S - 1 degrees of freedom.

    `differences` is (S, G) with S >= 2; a single column is the one-sample t-test. The variance is
    max(MS_seed, MS_residual) / (S G): a coincidence of equal seeds is not taken for certainty where columns disagree.
    """
    seeds, groups = _shape(differences, least_seeds=2, least_groups=1)
    squares = mean_squares(differences)
    variance = max(squares[0], squares[2]) / (seeds * groups)
    return _estimate(differences, variance, seeds - 1.0, squares, alpha, seeds - 1.0)


def groups_only(differences: np.ndarray, *, alpha: float = 0.05) -> Estimate:
    """Groups as the only random factor, for a claim about the trained models at hand: t on G - 1 degrees of freedom.

    `differences` is (S, G) with G >= 2; seeds are averaged first.
    """
    seeds, groups = _shape(differences, least_seeds=1, least_groups=2)
    squares = mean_squares(differences)
    return _estimate(differences, squares[1] / (seeds * groups), groups - 1.0, squares, alpha, seeds - 1.0)


def mean_squares(differences: np.ndarray) -> tuple[float, float, float]:
    """(MS_seed, MS_group, MS_residual) of an (S, G) table without replication; 0 where a term has no freedom."""
    seeds, groups = differences.shape
    grand = differences.mean()
    by_seed = differences.mean(axis=1) - grand  # (S,)
    by_group = differences.mean(axis=0) - grand  # (G,)
    residual = differences - grand - by_seed[:, None] - by_group[None, :]
    noise = (ROUNDING * float(np.abs(differences).max(initial=0.0))) ** 2

    def per_freedom(sum_of_squares: float, freedom: int) -> float:
        mean_square = sum_of_squares / freedom if freedom else 0.0
        return mean_square if mean_square > noise else 0.0

    return (
        per_freedom(groups * float(by_seed @ by_seed), seeds - 1),
        per_freedom(seeds * float(by_group @ by_group), groups - 1),
        per_freedom(float((residual**2).sum()), (seeds - 1) * (groups - 1)),
    )


def _with_pool(own: float, freedom: float, spread: SeedSpread, known: int) -> tuple[float, float]:
    """The pair's seed variance and its degrees of freedom, given the pool's.

    The larger variance decides. Where that is the pair's own, and so much larger than that of the other arms that
    chance hardly explains it (F test), those arms tell nothing about it: from p = DIFFERENT down to 0 the degrees of
    freedom go from the pool's to the pair's own.
    """
    pooled, others = spread.ms_seed * known, spread.arms - known
    if pooled >= own or not others:
        return max(pooled, own), spread.degrees_of_freedom
    rest = (spread.ms_seed * spread.arms - own) / others
    per_arm = spread.degrees_of_freedom / spread.arms
    alike = float(fdtrc(known * per_arm, others * per_arm, own / known / rest)) if rest > 0.0 else 0.0
    share = min(alike / DIFFERENT, 1.0)
    return own, freedom + max(spread.degrees_of_freedom - freedom, 0.0) * share


def _knows_seeds(table: np.ndarray) -> bool:
    return bool((table != table[0]).any())


def _seed_square(table: np.ndarray) -> float:
    """MS_seed of one arm's (S, G) table, as `mean_squares` has it."""
    square = table.shape[1] * float(table.mean(axis=1).var(ddof=1))
    return square if square > (ROUNDING * float(np.abs(table).max(initial=0.0))) ** 2 else 0.0


def _shape(differences: np.ndarray, least_seeds: int, least_groups: int) -> tuple[int, int]:
    if differences.ndim != 2 or differences.shape[0] < least_seeds or differences.shape[1] < least_groups:
        raise ValueError(f"needs at least {least_seeds} x {least_groups} (seeds, groups), got {differences.shape}")
    if not np.isfinite(differences).all():
        raise ValueError("differences must be finite")
    return differences.shape[0], differences.shape[1]


def _estimate(
    differences: np.ndarray,
    variance: float,
    df: float,
    squares: tuple[float, float, float],
    alpha: float,
    seed_freedom: float,
    arms: tuple[float, float, float, float] | None = None,
) -> Estimate:
    return _tested(Estimate(float(differences.mean()), variance, df, *squares, alpha, seed_freedom, arms=arms))


def _tested(estimate: Estimate) -> Estimate:
    if estimate.variance <= 0.0:
        return estimate
    t = abs(estimate.mean) / math.sqrt(estimate.variance)
    p_value = min(1.0, 2.0 * float(stdtr(estimate.degrees_of_freedom, -t)))
    return replace(estimate, p_value=p_value, interval=estimate.interval_at(estimate.alpha))
