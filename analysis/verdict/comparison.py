"""Two configurations on the same test examples: the difference, and how far the sample lets it be claimed.

Which factors are random decides the claim:

* new seeds and new groups: crossed random effects (`crossed.two_arms`), with at least 6 test groups in every class; up
  to 20 of them, at most groups - 1 degrees of freedom, and a warning;
* these groups only, where a class has fewer than 6: seeds are the only random factor;
* these trained models only, where there is one seed: the exact McNemar test (1947) for accuracy, a t-test over groups
  for other metrics and for clips that come in groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.stats
from scipy.special import betaincinv

from analysis.predictions.pseudovalues import ExampleScores, Metric
from analysis.stats.crossed import Estimate, SeedSpread, groups_only, seeds_only, two_arms
from analysis.verdict.arms import Arm, Design, arms_of
from trainables.errors import InputError
from trainables.records import Predictions

FEW_GROUPS = 20  # up to here the groups limit the degrees of freedom

CLAIMS = {
    "population": "new seeds and new test groups",
    "groups": "new seeds, on these test groups only",
    "models": "these trained models only, on new test groups",
    "models_and_groups": "these trained models on these test groups only",
}


@dataclass(frozen=True)
class Discordant:
    """Examples of one seed on which exactly one of the two was right."""

    seed: int
    only_first_right: int
    only_second_right: int

    def __len__(self) -> int:
        return self.only_first_right + self.only_second_right


@dataclass(frozen=True)
class Comparison:
    """One configuration against another. `difference` is first minus second, in the metric's own unit and direction."""

    first: str
    second: str
    metric: str
    first_values: Mapping[int, float]  # seed -> metric
    second_values: Mapping[int, float]
    difference: float  # mean over seeds
    alpha: float
    interval: tuple[float, float] | None  # simultaneous at 1 - alpha where the comparison is one of a family
    p_value: float | None  # two-sided; None: nothing can be tested
    adjusted_p_value: float | None  # after Holm where the comparison is one of a family
    claim: str  # a key of CLAIMS
    method: str
    groups: int
    examples: int
    discordant: tuple[Discordant, ...]  # one per seed; empty for tasks without right and wrong
    estimate: Estimate | None  # None where McNemar decided, or nothing could
    warnings: tuple[str, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(self.first_values)

    @property
    def significant(self) -> bool:
        return self.adjusted_p_value is not None and self.adjusted_p_value <= self.alpha

    def favours(self, mode: str) -> str | None:
        """The name of the better one where that can be told, else None. `mode`: max | min."""
        if not self.significant or self.difference == 0.0:
            return None
        return self.first if (self.difference > 0.0) == (mode == "max") else self.second

    def seen_from(self, name: str) -> Comparison:
        """The same comparison with this one of the two as the first."""
        if name == self.first:
            return self
        low_high = self.interval
        return replace(
            self,
            first=self.second,
            second=self.first,
            first_values=self.second_values,
            second_values=self.first_values,
            difference=-self.difference,
            interval=None if low_high is None else (-low_high[1], -low_high[0]),
            discordant=tuple(Discordant(d.seed, d.only_second_right, d.only_first_right) for d in self.discordant),
            estimate=None if self.estimate is None else self.estimate.negated(),
        )

    def interval_at(self, alpha: float) -> tuple[float, float] | None:
        """The two-sided interval at confidence 1 - alpha."""
        if self.estimate is not None:
            return self.estimate.interval_at(alpha)
        return mcnemar_interval(self.discordant[0], self.examples, alpha) if self.p_value is not None else None


def compare(
    finalist: Mapping[int, Predictions],
    baseline: Mapping[int, Predictions],
    metric: Metric,
    *,
    metric_name: str = "metric",
    names: tuple[str, str] = ("finalist", "baseline"),
    alpha: float = 0.05,
    example_scores: ExampleScores | None = None,
) -> Comparison:
    """Compares two configurations by their test predictions per seed. Arguments and errors as in `arms.arms_of`."""
    by_name = dict(zip(names, (finalist, baseline), strict=True))
    design, arms = arms_of(by_name, metric, metric_name=metric_name, example_scores=example_scores)
    return contrast(design, arms[names[0]], arms[names[1]], alpha=alpha)


def contrast(
    design: Design, first: Arm, second: Arm, *, spread: SeedSpread | None = None, alpha: float = 0.05
) -> Comparison:
    """Compares two arms on the seeds that both have; seeds of one side only are left out, with a warning.

    `spread`: what seeds do, pooled over these two and other arms.

    Raises InputError where they share none.
    """
    seeds = [seed for seed in first.values if seed in second.values]
    if not seeds:
        raise InputError(f"{first.name} and {second.name} share no seed; they cannot be compared.")
    warnings = list(design.warnings)
    lost = sorted((set(first.values) | set(second.values)) - set(seeds))
    if lost:
        warnings.append(f"Seeds {', '.join(map(str, lost))} are missing on one side and were left out.")
    first, second = first.of(seeds), second.of(seeds)
    discordant = _discordant(first, second)
    decision = _decide(design, first, second, discordant, spread, alpha)
    comparison = Comparison(
        first=first.name,
        second=second.name,
        metric=design.metric_name,
        first_values=first.values,
        second_values=second.values,
        difference=float(np.mean([first.values[seed] - second.values[seed] for seed in seeds])),
        alpha=alpha,
        interval=None,
        p_value=decision.p_value,
        adjusted_p_value=decision.p_value,
        claim=decision.claim,
        method=decision.method,
        groups=design.groups,
        examples=design.examples,
        discordant=discordant,
        estimate=decision.estimate,
        warnings=(*warnings, *decision.warnings),
    )
    return replace(comparison, interval=comparison.interval_at(alpha))


@dataclass(frozen=True)
class _Decision:
    claim: str
    method: str
    estimate: Estimate | None
    p_value: float | None
    warnings: tuple[str, ...]


def _decide(
    design: Design,
    first: Arm,
    second: Arm,
    discordant: Sequence[Discordant],
    spread: SeedSpread | None,
    alpha: float,
) -> _Decision:
    """The test that these seeds and groups allow, and what it claims."""
    several_seeds = len(first.values) >= 2
    by_group = _difference(first.by_group, second.by_group, design.groups)
    by_example = _difference(first.by_example, second.by_example, 1)
    warnings = []
    if by_group is None:
        warnings.append(
            f"Only {design.fewest_groups} test groups in the smallest class: the claim is limited to these groups "
            + ("(seeds are the only random factor)." if several_seeds else "and these trained models.")
        )
    elif not several_seeds:
        warnings.append("One seed only: the claim is about these trained models, not about their configurations.")

    estimate: Estimate | None = None
    if several_seeds and by_group is not None and first.by_group is not None and second.by_group is not None:
        claim, method = "population", "crossed random effects over seeds and test groups"
        estimate = two_arms(first.by_group, second.by_group, by_group, spread=spread, alpha=alpha)
    elif several_seeds:
        claim, method = "groups", "t-test over seeds"
        table = by_example
        if table is None:
            table = np.array([[first.values[seed] - second.values[seed]] for seed in first.values])
        estimate = seeds_only(table, alpha=alpha)
    elif discordant and by_example is not None and (by_group is None or design.groups == design.examples):
        claim, method = ("models_and_groups" if by_group is None else "models"), "exact McNemar test"
        if not len(discordant[0]):
            warnings.append("No example divides the two, so nothing can be tested.")
        return _Decision(claim, method, None, mcnemar(discordant[0]), tuple(warnings))
    elif by_group is not None:
        claim, method = "models", "t-test over test groups"
        estimate = groups_only(by_group, alpha=alpha)
    else:
        return _Decision("models_and_groups", "none: one seed and too few test groups", None, None, tuple(warnings))

    if by_group is not None and design.fewest_groups <= FEW_GROUPS:
        estimate = estimate.at_most(design.fewest_groups - 1)
        warnings.append(f"Only {design.fewest_groups} test groups in the smallest class: read the interval with care.")
    if estimate.p_value is None:
        warnings.append("The differences do not vary at all, so nothing can be tested.")
    return _Decision(claim, method, estimate, estimate.p_value, tuple(warnings))


def _difference(first: np.ndarray | None, second: np.ndarray | None, groups: int) -> np.ndarray | None:
    if first is None or second is None:
        return None
    d = first - second
    rounding = 1e-13 * groups * max(float(np.abs(first).max()), float(np.abs(second).max()))  # of a pseudo-value
    return np.where(np.abs(d) <= rounding, 0.0, d)


def _discordant(first: Arm, second: Arm) -> tuple[Discordant, ...]:
    if first.right is None or second.right is None:
        return ()
    only_first = (first.right & ~second.right).sum(axis=1)
    only_second = (second.right & ~first.right).sum(axis=1)
    return tuple(
        Discordant(seed, int(a), int(b)) for seed, a, b in zip(first.values, only_first, only_second, strict=True)
    )


def mcnemar(counts: Discordant) -> float | None:
    """Exact two-sided McNemar test: binomial over the discordant examples. None without any."""
    return float(scipy.stats.binomtest(counts.only_first_right, len(counts), 0.5).pvalue) if len(counts) else None


def mcnemar_interval(counts: Discordant, examples: int, alpha: float) -> tuple[float, float] | None:
    """Interval of the difference in accuracy that goes with the exact test; None without discordant examples.

    The hull of two: Tango's score interval, which holds its level for the size of a difference, and Clopper-Pearson on
    the discordant share, which excludes 0 exactly where the test is significant but takes the number of discordant
    examples as given (it covered 82 to 92 % where one of two simulated models was clearly better).
    """
    from analysis.stats.paired_binary import PairedCounts, tango

    size = len(counts)
    if not size:
        return None
    b, c = counts.only_first_right, counts.only_second_right
    share = (
        float(betaincinv(b, c + 1, alpha / 2.0)) if b else 0.0,
        float(betaincinv(b + 1, c, 1.0 - alpha / 2.0)) if c else 1.0,
    )
    low, high = tango(PairedCounts(examples - size, b, c, 0), alpha)
    return (min(low, (2.0 * share[0] - 1.0) * size / examples), max(high, (2.0 * share[1] - 1.0) * size / examples))
