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

Every rule is written for arrays: tables (..., S, G), and the rest of shape (...). One comparison is the shape (); a
thousand simulated ones go through the same lines.

A limit to know: with few seeds the degrees of freedom may be close to S - 1, and intervals are then wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from analysis.stats.estimate import Estimate, Estimates

FEWEST_GROUPS = 6  # in the smallest class, for a claim about new groups
FEW_GROUPS = 20  # in the smallest class: up to here a warning says that they are few
FEWEST_POOLED = 3
DIFFERENT = 0.1  # p-value of an F test below which a pair begins to be taken for one that spreads more than the pool
ROUNDING = 1e-9  # spread below this share of the largest difference is floating-point noise, not variance


@dataclass(frozen=True)
class ArmSeeds:
    """What seeds do to one arm, as its (..., S, G) table shows it; every field is (...) unless it says otherwise."""

    mean: np.ndarray
    ms_seed: np.ndarray
    known: np.ndarray  # whether it knows seeds: an untuned backbone answers alike under all
    seeds: int


@dataclass(frozen=True)
class Squares:
    """The analysis of variance of (..., S, G) differences; arrays (...)."""

    mean: np.ndarray
    ms_seed: np.ndarray
    ms_group: np.ndarray
    ms_residual: np.ndarray
    seeds: int
    groups: int

    @classmethod
    def of(cls, differences: np.ndarray) -> Squares:
        return cls(differences.mean(axis=(-2, -1)), *mean_squares(differences), *differences.shape[-2:])


@dataclass(frozen=True)
class SeedSpread:
    """What seeds do to one arm, pooled over several; fields (...). `ms_seed` is NaN where too few arms know seeds."""

    ms_seed: np.ndarray  # of one arm
    degrees_of_freedom: np.ndarray
    arms: np.ndarray


def seeds_of(table: np.ndarray) -> ArmSeeds:
    """Of one arm's (..., S, G) table, S at least 2."""
    groups = table.shape[-1]
    by_seed = table.mean(axis=-1)
    noise = (ROUNDING * np.maximum(table.max(axis=(-2, -1)), -table.min(axis=(-2, -1)))) ** 2
    square = groups * by_seed.var(axis=-1, ddof=1)
    known = (table != table[..., :1, :]).any(axis=(-2, -1))
    return ArmSeeds(by_seed.mean(axis=-1), np.where(square > noise, square, 0.0), known, table.shape[-2])


def pooled_spread(tables: Sequence[np.ndarray]) -> SeedSpread | None:
    """Of the arms' (S, G) tables; None for fewer than three arms that know seeds, which say nothing of each other."""
    spread = pooled([seeds_of(table) for table in tables if len(table) > 1])
    return None if spread is None or np.isnan(spread.ms_seed) else spread


def pooled(arms: Sequence[ArmSeeds]) -> SeedSpread | None:
    """None for fewer than three arms."""
    if len(arms) < FEWEST_POOLED:
        return None
    known = np.stack([arm.known for arm in arms])  # (A, ...)
    own = np.where(known, np.array([arm.seeds - 1.0 for arm in arms]).reshape(-1, *[1] * (known.ndim - 1)), 0.0)
    freedom, several = own.sum(axis=0), known.sum(axis=0)
    total = (own * np.stack([arm.ms_seed for arm in arms])).sum(axis=0)
    enough = several >= FEWEST_POOLED
    return SeedSpread(np.where(enough, total / np.where(enough, freedom, 1.0), np.nan), freedom, several)


def crossed(differences: np.ndarray, *, spread: SeedSpread | None = None, alpha: float = 0.05) -> Estimate:
    """As `crossed_all`, of a single table of finite numbers. Raises ValueError for another shape or other values."""
    _check(differences, least_seeds=2, least_groups=2)
    known = seeds_of(differences).known
    return crossed_all(Squares.of(differences), spread=spread, known=known).single(alpha)


def crossed_all(
    differences: Squares, *, spread: SeedSpread | None = None, known: np.ndarray | None = None
) -> Estimates:
    """Two-way crossed random effects over differences, at least 2 seeds and 2 groups.

    With a = max(MS_seed, MS_residual) and g = max(MS_group - MS_residual, 0) the mean's variance is (a + g) / (S G),
    on (a + g)^2 / (a^2 / (S - 1)) degrees of freedom; where every seed gives the same differences (a = 0) only groups
    vary, and those are G - 1. For one arm's own scores `spread`, pooled over this and other arms, takes a's place where
    it is larger and seeds are `known` to matter, with its degrees of freedom.
    """
    d = differences
    a = np.maximum(d.ms_seed, d.ms_residual)
    g = np.maximum(d.ms_group - d.ms_residual, 0.0)
    freedom = np.full_like(a, d.seeds - 1.0)
    if spread is not None:
        takes = spread.ms_seed > a  # never where it is NaN
        takes = takes if known is None else takes & known
        a, freedom = np.where(takes, spread.ms_seed, a), np.where(takes, spread.degrees_of_freedom, freedom)
    df = np.where(a > 0.0, _over((a + g) ** 2 * freedom, a**2), d.groups - 1.0)
    variance = (a + g) / (d.seeds * d.groups)
    return Estimates(d.mean, variance, df, d.ms_seed, d.ms_group, d.ms_residual, freedom)


def two_arms(
    first: np.ndarray,
    second: np.ndarray,
    differences: np.ndarray | None = None,
    *,
    spread: SeedSpread | None = None,
    alpha: float = 0.05,
    share: bool = False,
) -> Estimate:
    """As `two_arms_all`, of single tables (S, G), all finite. Raises ValueError as `crossed`."""
    d = first - second if differences is None else differences
    _check(d, least_seeds=2, least_groups=2)
    return two_arms_all(seeds_of(first), seeds_of(second), Squares.of(d), spread=spread, share=share).single(alpha)


def two_arms_all(
    first: ArmSeeds, second: ArmSeeds, differences: Squares, *, spread: SeedSpread | None = None, share: bool = False
) -> Estimates:
    """The verdict's rule: groups are shared, seeds are each arm's own, at least 2, and 2 groups.

    With a = MS_seed of `first` + MS_seed of `second` on Welch's degrees of freedom f (S - 1 to 2 S - 2), and
    g = max(MS_group - MS_residual, 0) of the differences, the mean's variance is (a + g) / (S G), on
    (b + g)^2 / (b^2 / f) degrees of freedom, b = max(a, MS_residual): a spread that is small by chance buys no
    certainty. With `spread`, pooled over these two arms and others, a is at least the pooled MS_seed for each of the
    two that knows seeds (an untuned backbone does not: it answers alike under all), and f the pool's, unless the two
    clearly spread more than the others (`_with_pool`). Where all seeds of
    both arms score the same, a is MS_residual on S - 1; where the differences do not vary at all there is no variance.
    `share`: the metric is one, 0 to 1, whose seeds vary the more the further they are from its ends; the interval then
    reaches further on the far side of 0 where the arm with the lower share says so (`Estimates.intervals`). There the
    pool's degrees of freedom count as far as the two shares are alike: arms at 0.99 tell little of the seeds of one at
    0.90.
    `differences` are first less second, freed of rounding.
    """
    seeds, groups = differences.seeds, differences.groups
    ms_paired, ms_group, ms_residual = differences.ms_seed, differences.ms_group, differences.ms_residual
    own = first.ms_seed + second.ms_seed
    freedom = np.where(own > 0.0, _over((seeds - 1) * own**2, first.ms_seed**2 + second.ms_seed**2), seeds - 1.0)
    a, alone = own, freedom
    if spread is not None:
        known = first.known.astype(float) + second.known
        a, freedom = _with_pool(own, freedom, spread, known)
    g = np.maximum(ms_group - ms_residual, 0.0)
    b = np.maximum(a, ms_residual)
    per_freedom = _over((b + g) ** 2, b**2)
    df = np.where(b > 0.0, per_freedom * freedom, groups - 1.0)
    varies = np.maximum(np.maximum(ms_paired, ms_group), ms_residual) > 0.0
    variance = np.where(varies, (np.where(a > 0.0, a, ms_residual) + g) / (seeds * groups), 0.0)
    arms, far = None, None
    if share:
        far = np.where(b > 0.0, per_freedom * (alone + np.maximum(freedom - alone, 0.0) * _alike(first, second)), df)
        scale = _over(a, own) / (seeds * groups)
        parts = (first.mean, first.ms_seed * scale, second.mean, second.ms_seed * scale)
        arms = np.where((own > 0.0) & (variance > 0.0), np.stack(parts), np.nan)
    return Estimates(differences.mean, variance, df, a, ms_group, ms_residual, freedom, arms, far)


def seeds_only(differences: np.ndarray, *, alpha: float = 0.05) -> Estimate:
    """As `seeds_only_all`, of a single table of finite numbers. Raises ValueError as `crossed`."""
    _check(differences, least_seeds=2, least_groups=1)
    return seeds_only_all(Squares.of(differences)).single(alpha)


def seeds_only_all(differences: Squares) -> Estimates:
    """Seeds as the only random factor, for a claim limited to the groups at hand: t on S - 1 degrees of freedom.

    At least 2 seeds; a single column is the one-sample t-test. The variance is max(MS_seed, MS_residual) / (S G): a
    coincidence of equal seeds is not taken for certainty where columns disagree.
    """
    d = differences
    freedom = np.full_like(d.ms_seed, d.seeds - 1.0)
    variance = np.maximum(d.ms_seed, d.ms_residual) / (d.seeds * d.groups)
    return Estimates(d.mean, variance, freedom, d.ms_seed, d.ms_group, d.ms_residual, freedom)


def groups_only(differences: np.ndarray, *, alpha: float = 0.05) -> Estimate:
    """As `groups_only_all`, of a single table of finite numbers. Raises ValueError as `crossed`."""
    _check(differences, least_seeds=1, least_groups=2)
    return groups_only_all(Squares.of(differences)).single(alpha)


def groups_only_all(differences: Squares) -> Estimates:
    """Groups as the only random factor, for a claim about the trained models at hand: t on G - 1 degrees of freedom.

    At least 2 groups; seeds are averaged first.
    """
    d = differences
    freedom = np.full_like(d.ms_group, d.groups - 1.0)
    variance = d.ms_group / (d.seeds * d.groups)
    seed_freedom = np.full_like(freedom, d.seeds - 1.0)
    return Estimates(d.mean, variance, freedom, d.ms_seed, d.ms_group, d.ms_residual, seed_freedom)


def mean_squares(differences: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(...) each: MS_seed, MS_group, MS_residual of (..., S, G) tables without replication; 0 without freedom."""
    seeds, groups = differences.shape[-2:]
    seed_mean, group_mean = differences.mean(axis=-1), differences.mean(axis=-2)
    grand = seed_mean.mean(axis=-1, keepdims=True)
    by_seed, by_group = seed_mean - grand, group_mean - grand  # (..., S), (..., G)
    residual = differences - seed_mean[..., None]
    residual -= by_group[..., None, :]
    largest = np.maximum(differences.max(axis=(-2, -1)), -differences.min(axis=(-2, -1)))
    noise = (ROUNDING * largest) ** 2

    def per_freedom(sum_of_squares: np.ndarray, freedom: int) -> np.ndarray:
        mean_square = sum_of_squares / freedom if freedom else np.zeros_like(sum_of_squares)
        return np.where(mean_square > noise, mean_square, 0.0)

    return (
        per_freedom(groups * (by_seed**2).sum(axis=-1), seeds - 1),
        per_freedom(seeds * (by_group**2).sum(axis=-1), groups - 1),
        per_freedom(np.einsum("...sg,...sg->...", residual, residual), (seeds - 1) * (groups - 1)),
    )


def _with_pool(
    own: np.ndarray, freedom: np.ndarray, spread: SeedSpread, known: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The pairs' seed variance and its degrees of freedom, given the pool's; those given where there is no pool.

    The larger variance decides. Where that is the pair's own, and so much larger than that of the other arms that
    chance hardly explains it (F test), those arms tell nothing about it: from p = DIFFERENT down to 0 the degrees of
    freedom go from the pool's to the pair's own.
    """
    pool = spread.ms_seed * known
    others = spread.arms - known
    decides = (pool >= own) | (others <= 0)
    rest = _over(spread.ms_seed * spread.arms - own, others)
    per_arm = _over(spread.degrees_of_freedom, spread.arms)
    with np.errstate(invalid="ignore", divide="ignore"):
        alike = np.where(rest > 0.0, fdtrc(known * per_arm, others * per_arm, _over(_over(own, known), rest)), 0.0)
    share = np.minimum(alike / DIFFERENT, 1.0)
    mixed = freedom + np.maximum(spread.degrees_of_freedom - freedom, 0.0) * share
    there = spread.ms_seed > 0.0
    return (
        np.where(there & decides, np.maximum(pool, own), own),
        np.where(there, np.where(decides, spread.degrees_of_freedom, mixed), freedom),
    )


def _alike(first: ArmSeeds, second: ArmSeeds) -> np.ndarray:
    """(...) 0 to 1: how alike two shares' variances are expected to be, by p (1 - p)."""
    inner = [np.maximum(arm.mean * (1.0 - arm.mean), 0.0) for arm in (first, second)]
    largest = np.maximum(*inner)
    return np.where(largest > 0.0, np.minimum(*inner) / np.where(largest > 0.0, largest, 1.0), 1.0)


def _over(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """nan where the denominator is 0."""
    above = np.asarray(denominator) != 0
    return np.where(above, numerator / np.where(above, denominator, 1.0), np.nan)


def _check(differences: np.ndarray, least_seeds: int, least_groups: int) -> None:
    if differences.ndim != 2 or differences.shape[0] < least_seeds or differences.shape[1] < least_groups:
        raise ValueError(f"needs at least {least_seeds} x {least_groups} (seeds, groups), got {differences.shape}")
    if not np.isfinite(differences).all():
        raise ValueError("differences must be finite")
