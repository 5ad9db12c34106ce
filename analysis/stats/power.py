"""How small a difference can be shown, and what a given difference costs: the verdict's rule turned round.

The verdict's variance of a mean difference over S seeds and G test groups is V_s / S + V_g / G + V_r / (S G), with the
components of `Components`; its degrees of freedom follow `crossed.two_arms`. Power comes from the noncentral t
distribution with both held at their expectation: right for many groups and seeds, and a few points too high for two
or three seeds, where the estimated error varies most (`benchmarks/FALSE_WINNERS.md` has what simulated sweeps found).

Two trained models on one test set are McNemar's case: `mcnemar_clips`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.stats.estimate import Estimate

POWER = 0.8
WITHIN_GROUP = 0.3  # correlation of clips of one group, assumed before a sweep
SEED_SPREADS = (0.0, 0.01, 0.03)  # assumed before a sweep; of accuracy
DISCORDANCES = (0.05, 0.1, 0.2)
COLLAPSES = (0.1, 0.2)  # share of seeds that a collapse may strike, for the sentence about it
MOST_GROUPS = 10_000_000


@dataclass(frozen=True)
class Components:
    """Variances of the difference between two configurations, in squared units of the metric."""

    seed: float  # of the difference between seeds, on infinitely many groups
    group: float  # of the difference between test groups, over infinitely many seeds
    residual: float  # of a group's difference under one seed, what neither explains
    alike: float = 1.0  # equal groups that a group counts for, in the class where they are fewest: limits the freedom
    seed_freedom: float = 2.0  # degrees of freedom that a further seed brings: one for each arm pooled

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) and value >= 0.0 for value in (self.seed, self.group, self.residual)):
            raise ValueError(f"variances must be finite and not negative: {self}")

    def variance(self, seeds: int, groups: int) -> float:
        """Of the mean difference."""
        return self.seed / seeds + self.group / groups + self.residual / (seeds * groups)

    def degrees_of_freedom(self, seeds: int, groups: int) -> float:
        """Those of `crossed.two_arms`, with every mean square at its expectation."""
        a = self.residual + groups * self.seed
        g = seeds * self.group
        freedom = (a + g) ** 2 / (a**2 / (self.seed_freedom * (seeds - 1))) if a > 0.0 else groups - 1.0
        return min(freedom, max(self.alike * groups - 1.0, 1.0))


@dataclass(frozen=True)
class Needed:
    """One way to reach a difference: this many seeds on this many test groups. None: not with any number of groups."""

    seeds: int
    groups: int | None


@dataclass(frozen=True)
class Detectable:
    """One row of the table before a sweep: under these assumptions, the least difference that is likely to be shown."""

    seed_spread: float  # standard deviation of one configuration's accuracy over seeds, 0 to 1
    discordance: float  # share of clips that exactly one of two trained models gets right, 0 to 1
    difference: float | None  # 0 to 1; None: none that such clips allow


def components_of(estimate: Estimate, seeds: int, groups: int, *, fewest_groups: float = math.inf) -> Components:
    """The verdict's variance components: mean squares solved for their expectations, none below 0.

    `fewest_groups`: equal groups that the smallest class's weigh like (`align.effective_groups`).
    """
    return Components(
        seed=max(estimate.ms_seed - estimate.ms_residual, 0.0) / groups,
        group=max(estimate.ms_group - estimate.ms_residual, 0.0) / seeds,
        residual=estimate.ms_residual,
        alike=min(fewest_groups / groups, 1.0),
        seed_freedom=estimate.seed_freedom / (seeds - 1),
    )


def power(difference: float, components: Components, seeds: int, groups: int, *, alpha: float = 0.05) -> float:
    """How often a true difference is shown, in either direction, 0 to 1.

    Raises ValueError below 2 seeds or 2 groups, and where nothing varies.
    """
    from scipy.special import nctdtr, stdtrit

    _check(seeds, groups, alpha)
    variance = components.variance(seeds, groups)
    if variance <= 0.0:
        raise ValueError("differences that do not vary at all say nothing about power")
    freedom = components.degrees_of_freedom(seeds, groups)
    critical = -float(stdtrit(freedom, alpha / 2.0))
    shift = abs(difference) / math.sqrt(variance)
    below, opposite = (float(nctdtr(freedom, shift, end)) for end in (critical, -critical))
    # the library's noncentral t is NaN where it is below 1e-15
    return 1.0 - (0.0 if math.isnan(below) else below) + (0.0 if math.isnan(opposite) else opposite)


def detectable(
    components: Components, seeds: int, groups: int, *, power_wanted: float = POWER, alpha: float = 0.05
) -> float:
    """The least difference that is shown with this power, in the metric's unit. Errors as in `power`."""
    from scipy.optimize import brentq

    _check(seeds, groups, alpha)
    if not alpha < power_wanted < 1.0:
        raise ValueError(f"power {power_wanted} must lie between alpha and 1")
    scale = math.sqrt(components.variance(seeds, groups))

    def missing(difference: float) -> float:
        return power(difference, components, seeds, groups, alpha=alpha) - power_wanted

    high = scale or 1.0
    while missing(high) < 0.0:
        high *= 2.0
    return float(brentq(missing, 0.0, high, xtol=1e-9 * high))


def needed(
    difference: float,
    components: Components,
    seed_counts: Sequence[int],
    *,
    power_wanted: float = POWER,
    alpha: float = 0.05,
) -> list[Needed]:
    """For each number of seeds, the fewest test groups that show this difference with this power."""
    if difference == 0.0:
        raise ValueError("no sample shows a difference of 0")

    def enough(seeds: int, groups: int) -> bool:
        return power(difference, components, seeds, groups, alpha=alpha) >= power_wanted

    found = []
    for seeds in seed_counts:
        if not enough(seeds, MOST_GROUPS):
            found.append(Needed(seeds, None))
            continue
        low, high = 1, 2  # `low` is too few
        while not enough(seeds, high):
            low, high = high, min(2 * high, MOST_GROUPS)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(seeds, middle) else (middle, high)
        found.append(Needed(seeds, high))
    return found


def assumed_components(
    *, seed_spread: float, discordance: float, difference: float, clips_per_group: float, within_group: float
) -> Components:
    """Components of a difference in accuracy, from what can be guessed before a sweep.

    One clip under one seed differs with variance `discordance` - `difference`^2. Half of that is taken to belong to the
    clip (both seeds' models stumble on it), half to the training; both halves are correlated by `within_group` among
    the clips of a group. `seed_spread` is one configuration's standard deviation over seeds, and two of them differ.
    """
    per_clip = max(discordance - difference**2, 0.0)
    per_group = per_clip * (1.0 + (clips_per_group - 1.0) * within_group) / clips_per_group
    return Components(seed=2.0 * seed_spread**2, group=per_group / 2.0, residual=per_group / 2.0)


def detectable_before(
    seeds: int,
    groups: int,
    clips: int,
    *,
    seed_spreads: Sequence[float] = SEED_SPREADS,
    discordances: Sequence[float] = DISCORDANCES,
    within_group: float = WITHIN_GROUP,
    fewest_groups: float = math.inf,
    arms: int = 2,
    power_wanted: float = POWER,
    alpha: float = 0.05,
) -> list[Detectable]:
    """The table that stands in for variance components while no sweep has measured any: accuracy, two configurations of
    a sweep that trains `arms` under every seed.

    A difference cannot be larger than the discordance; where it would have to be, there is None.
    """
    rows = []
    for spread in seed_spreads:
        for discordance in discordances:
            components = assumed_components(
                seed_spread=spread,
                discordance=discordance,
                difference=0.0,  # the larger variance: a difference takes a little of it away
                clips_per_group=clips / groups,
                within_group=within_group,
            )
            components = replace(components, alike=min(fewest_groups / groups, 1.0), seed_freedom=float(arms))
            least = detectable(components, seeds, groups, power_wanted=power_wanted, alpha=alpha)
            rows.append(Detectable(spread, discordance, least if least <= discordance else None))
    return rows


def mcnemar_clips(discordance: float, difference: float, *, power_wanted: float = POWER, alpha: float = 0.05) -> float:
    """How many clips let McNemar's test tell two trained models apart, two-sided; not rounded.

    Connor 1987 (Biometrics 43:207): (z_(alpha/2) sqrt(psi) + z_beta sqrt(psi - d^2))^2 / d^2, for a share psi of clips
    that exactly one model gets right and a difference d in accuracy. The exact test needs a few more.
    Raises ValueError where |difference| is 0 or above the discordance, or a share is out of range.
    """
    from scipy.special import ndtri

    if not 0.0 < abs(difference) <= discordance <= 1.0:
        raise ValueError(f"needs 0 < |difference| <= discordance <= 1, got {difference} and {discordance}")
    if not 0.0 < alpha < power_wanted < 1.0:
        raise ValueError(f"needs 0 < alpha < power < 1, got {alpha} and {power_wanted}")
    z_alpha, z_beta = -float(ndtri(alpha / 2.0)), float(ndtri(power_wanted))
    root = z_alpha * math.sqrt(discordance) + z_beta * math.sqrt(discordance - difference**2)
    return (root / difference) ** 2


def unseen(rate: float, seeds: int) -> float:
    """How often none of so many seeds shows what strikes each with probability `rate`, such as a collapse: 0 to 1."""
    return (1.0 - rate) ** seeds


def seeds_to_see(rate: float, certainty: float = 0.95) -> int:
    """The fewest seeds of which at least one shows it with this probability; `rate` between 0 and 1."""
    if not 0.0 < rate < 1.0 or not 0.0 < certainty < 1.0:
        raise ValueError(f"needs a rate and a certainty between 0 and 1, got {rate} and {certainty}")
    return math.ceil(math.log1p(-certainty) / math.log1p(-rate) - 1e-12)


def collapse_sentence(seeds: int) -> str:
    """What so many seeds cannot show, in words for the plan and the report."""
    missed = " and ".join(f"{100 * unseen(rate, seeds):.0f} % of sweeps where it is {rate:.0%}" for rate in COLLAPSES)
    enough = " and ".join(f"{seeds_to_see(rate)}" for rate in COLLAPSES)
    return (
        f"A collapse that strikes a seed with probability q stays unseen in all S seeds with probability (1 - q)^S: "
        f"with {seeds} seeds in {missed}. No test can tell then; {enough} seeds would show it once with 95 % certainty."
    )


def _check(seeds: int, groups: int, alpha: float) -> None:
    if seeds < 2 or groups < 2 or not 0.0 < alpha < 1.0:
        raise ValueError(f"needs 2 seeds, 2 groups and 0 < alpha < 1, got {seeds}, {groups} and {alpha}")
