"""Seeds and test groups as crossed random factors: the analysis of variance behind the verdict.

The same test groups are scored by the models of every seed, so neither factor is nested in the other. This is the
multi-reader multi-case design of diagnostic imaging (Obuchowski and Rockette 1995; degrees of freedom: Hillis 2007,
Statistics in Medicine 26:596).

`two_arms` decides. Its seeds are each arm's own, as readers who each know one technique (Hillis 2014, ibid. 33:330):
two configurations trained under the same number share no luck that lasts, and taking their spreads apart tells more
about them than the spread of the differences does. If a seed did push both arms alike, the interval is wider than need
be, never narrower. From three arms on their spreads are pooled, as Tukey's and Dunnett's comparisons pool the error
(Dunnett 1955, JASA 50:1096): two seeds of two arms tell little about how much seeds matter, two of five tell more. A
pair that spreads more than the pool keeps its own spread.

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
from scipy.special import stdtr, stdtrit  # what scipy.stats.t calls, without its checks of every argument

FEWEST_GROUPS = 6  # in the smallest class, for a claim about new groups
FEW_GROUPS = 20  # in the smallest class: up to here they limit the degrees of freedom
FEWEST_POOLED = 3
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

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Estimate:
        """The inverse of `dataclasses.asdict`, after JSON."""
        interval = plain["interval"]
        return cls(**{**plain, "interval": None if interval is None else (interval[0], interval[1])})

    def interval_at(self, alpha: float) -> tuple[float, float] | None:
        """The two-sided interval at confidence 1 - alpha."""
        if self.variance <= 0.0:
            return None
        half_width = -float(stdtrit(self.degrees_of_freedom, alpha / 2.0)) * math.sqrt(self.variance)
        return (self.mean - half_width, self.mean + half_width)

    def negated(self) -> Estimate:
        """The estimate of the opposite difference."""
        return replace(
            self, mean=-self.mean, interval=None if self.interval is None else (-self.interval[1], -self.interval[0])
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


def pooled_spread(tables: Sequence[np.ndarray]) -> SeedSpread | None:
    """Of the arms' (S, G) tables; None for fewer than three arms that know seeds, which say nothing of each other."""
    several = [table for table in tables if _knows_seeds(table)]
    if len(several) < FEWEST_POOLED:
        return None
    freedom = sum(len(table) - 1 for table in several)
    return SeedSpread(sum((len(table) - 1) * _seed_square(table) for table in several) / freedom, float(freedom))


def crossed(differences: np.ndarray, *, alpha: float = 0.05) -> Estimate:
    """Two-way crossed random effects over `differences` (S seeds, G groups), both at least 2, all finite.

    With a = max(MS_seed, MS_residual) and g = max(MS_group - MS_residual, 0) the mean's variance is (a + g) / (S G),
    on (a + g)^2 / (a^2 / (S - 1)) degrees of freedom; where every seed gives the same differences (a = 0) only groups
    vary, and those are G - 1. Raises ValueError for another shape or for values that are not finite.
    """
    seeds, groups = _shape(differences, least_seeds=2, least_groups=2)
    ms_seed, ms_group, ms_residual = mean_squares(differences)
    a = max(ms_seed, ms_residual)
    g = max(ms_group - ms_residual, 0.0)
    df = (a + g) ** 2 / (a**2 / (seeds - 1)) if a > 0.0 else float(groups - 1)
    variance = (a + g) / (seeds * groups)
    return _estimate(differences, variance, df, (ms_seed, ms_group, ms_residual), alpha, seeds - 1.0)


def two_arms(
    first: np.ndarray,
    second: np.ndarray,
    differences: np.ndarray | None = None,
    *,
    spread: SeedSpread | None = None,
    alpha: float = 0.05,
) -> Estimate:
    """The verdict's rule: groups are shared, seeds are each arm's own. Tables are (S, G), both at least 2, all finite.

    With a = MS_seed of `first` + MS_seed of `second` on Welch's degrees of freedom f (S - 1 to 2 S - 2), and
    g = max(MS_group - MS_residual, 0) of the differences, the mean's variance is (a + g) / (S G), on
    (b + g)^2 / (b^2 / f) degrees of freedom, b = max(a, MS_residual): a spread that is small by chance buys no
    certainty. With `spread`, pooled over these two arms and others, f is the pool's and a at least the pooled MS_seed
    for each of the two that knows seeds (an untuned backbone does not: it answers alike under all). Where all seeds of
    both arms score the same, a is MS_residual on S - 1; where the differences do not vary at all there is no variance.
    `differences` may be given, freed of rounding. Raises ValueError as `crossed`.
    """
    d = first - second if differences is None else differences
    seeds, groups = _shape(d, least_seeds=2, least_groups=2)
    ms_paired, ms_group, ms_residual = mean_squares(d)
    own = [_seed_square(arm) for arm in (first, second)]
    a = sum(own)
    freedom = (seeds - 1) * a**2 / sum(square**2 for square in own) if a > 0.0 else seeds - 1.0
    if spread is not None and spread.ms_seed > 0.0:
        a = max(a, spread.ms_seed * sum(_knows_seeds(arm) for arm in (first, second)))
        freedom = spread.degrees_of_freedom
    g = max(ms_group - ms_residual, 0.0)
    b = max(a, ms_residual)
    df = (b + g) ** 2 / (b**2 / freedom) if b > 0.0 else float(groups - 1)
    varies = max(ms_paired, ms_group, ms_residual) > 0.0
    variance = ((a or ms_residual) + g) / (seeds * groups) if varies else 0.0
    return _estimate(d, variance, df, (a, ms_group, ms_residual), alpha, freedom)


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
) -> Estimate:
    return _tested(Estimate(float(differences.mean()), variance, df, *squares, alpha, seed_freedom))


def _tested(estimate: Estimate) -> Estimate:
    if estimate.variance <= 0.0:
        return estimate
    t = abs(estimate.mean) / math.sqrt(estimate.variance)
    p_value = min(1.0, 2.0 * float(stdtr(estimate.degrees_of_freedom, -t)))
    return replace(estimate, p_value=p_value, interval=estimate.interval_at(estimate.alpha))
