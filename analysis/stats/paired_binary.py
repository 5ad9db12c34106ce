"""Right and wrong, of two models on the same examples: McNemar's test and intervals for the difference in accuracy.

All of it treats examples as independent and the two models as fixed: the claim is about these trained models on new
examples, not about their configurations. Examples that come in groups need `analysis.stats.resampling` instead.

* exact test: binomial over the discordant examples (McNemar 1947), conservative
* mid-p: less conservative, rarely and slightly above its level (Fagerland, Lydersen and Laake 2013, BMC Med Res
  Methodol 13:91)
* intervals: Newcombe 1998 (Statistics in Medicine 17:2635, method 10) and Tango 1998 (ibid. 17:891), both usable at 32
  examples, where the Wald interval is not
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.optimize
import scipy.stats
from scipy.special import betaincinv

from analysis.stats.finding import Finding, out_of_reach

Interval = tuple[float, float]


@dataclass(frozen=True)
class PairedCounts:
    """How many examples both models had right, one of them only, or neither."""

    both: int
    only_first: int
    only_second: int
    neither: int

    @property
    def examples(self) -> int:
        return self.both + self.only_first + self.only_second + self.neither

    @property
    def discordant(self) -> int:
        return self.only_first + self.only_second

    @property
    def difference(self) -> float:
        """Accuracy of the first minus that of the second."""
        return (self.only_first - self.only_second) / self.examples

    @classmethod
    def of(cls, first_right: np.ndarray, second_right: np.ndarray) -> PairedCounts:
        """From two (N,) arrays of booleans."""
        first, second = np.asarray(first_right, bool), np.asarray(second_right, bool)
        cells = (first & second, first & ~second, ~first & second, ~first & ~second)
        return cls(*(int(np.sum(cell)) for cell in cells))

    @classmethod
    def divided(cls, only_first: int, only_second: int, examples: int) -> PairedCounts:
        """Where it is known only which examples divide the two: the others count as right by both. McNemar's tests and
        Tango's interval give the same either way; Newcombe's interval does not."""
        return cls(examples - only_first - only_second, only_first, only_second, 0)


@dataclass(frozen=True)
class Discordant:
    """Examples of one seed on which exactly one of the two was right: what a verdict keeps of a table."""

    seed: int
    only_first_right: int
    only_second_right: int

    def counts(self, examples: int) -> PairedCounts:
        return PairedCounts.divided(self.only_first_right, self.only_second_right, examples)


def mcnemar_exact(counts: PairedCounts) -> float | None:
    """Two-sided p-value. None without discordant examples."""
    n = counts.discordant
    return float(scipy.stats.binomtest(counts.only_first, n, 0.5).pvalue) if n else None


def mcnemar_mid_p(counts: PairedCounts) -> float | None:
    """Two-sided: half the probability of the observed outcome taken off each tail. None without discordant examples."""
    n, smaller = counts.discordant, min(counts.only_first, counts.only_second)
    if n == 0:
        return None
    observed = float(scipy.stats.binom.pmf(smaller, n, 0.5))
    if counts.only_first == counts.only_second:
        return 1.0 - observed / 2.0  # the two tails share the observed outcome
    return 2.0 * float(scipy.stats.binom.cdf(smaller, n, 0.5)) - observed


def mcnemar_interval(counts: PairedCounts, alpha: float = 0.05) -> Interval | None:
    """Interval of the difference in accuracy that goes with the exact test; None without discordant examples.

    The hull of two: Tango's score interval, which holds its level for the size of a difference, and Clopper-Pearson on
    the discordant share, which excludes 0 exactly where the test is significant but takes the number of discordant
    examples as given (it covered 82 to 92 % where one of two simulated models was clearly better).
    """
    size, examples = counts.discordant, counts.examples
    if not size:
        return None
    b, c = counts.only_first, counts.only_second
    share = (
        float(betaincinv(b, c + 1, alpha / 2.0)) if b else 0.0,
        float(betaincinv(b + 1, c, 1.0 - alpha / 2.0)) if c else 1.0,
    )
    low, high = tango(counts, alpha)
    return (min(low, (2.0 * share[0] - 1.0) * size / examples), max(high, (2.0 * share[1] - 1.0) * size / examples))


def newcombe(counts: PairedCounts, alpha: float = 0.05) -> Interval:
    """Interval of the difference in accuracy: Wilson's for each model, joined by their correlation (method 10)."""
    n = counts.examples
    first, second = counts.both + counts.only_first, counts.both + counts.only_second
    down, up = [], []
    for right in (first, second):
        low, high = _wilson(right, n, alpha)
        down.append(right / n - low)
        up.append(high - right / n)
    phi = _continuous_phi(counts, first, second)
    d = counts.difference
    below = down[0] ** 2 - 2.0 * phi * down[0] * up[1] + up[1] ** 2
    above = up[0] ** 2 - 2.0 * phi * up[0] * down[1] + down[1] ** 2
    return (d - math.sqrt(max(below, 0.0)), d + math.sqrt(max(above, 0.0)))


def tango(counts: PairedCounts, alpha: float = 0.05) -> Interval:
    """Interval of the difference in accuracy: every difference that the score test does not reject."""
    z = float(scipy.stats.norm.isf(alpha / 2.0))
    d = counts.difference
    return (
        _crossing(lambda delta: tango_statistic(counts, delta) - z, -1.0, d),
        _crossing(lambda delta: tango_statistic(counts, delta) + z, d, 1.0),
    )


def tango_statistic(counts: PairedCounts, difference: float) -> float:
    """Score statistic (standard normal) against a true difference in accuracy of `difference`, -1 to 1."""
    n, b, c = counts.examples, counts.only_first, counts.only_second
    above_expected = b - c - n * difference
    if above_expected == 0.0:
        return 0.0
    linear = -b - c + (2 * n - b + c) * difference
    constant = -c * difference * (1.0 - difference)
    share = (math.sqrt(max(linear**2 - 8.0 * n * constant, 0.0)) - linear) / (4.0 * n)  # only_second's, restricted MLE
    variance = n * (2.0 * share + difference * (1.0 - difference))
    return above_expected / math.sqrt(variance) if variance > 0.0 else math.copysign(math.inf, above_expected)


@dataclass(frozen=True)
class DiscordantOdds:
    """How the discordant examples divide: conditional odds ratio only_first : only_second, and Cohen's g."""

    odds_ratio: float | None  # None where the second is never alone in being right
    interval: tuple[float | None, float | None]  # Clopper and Pearson 1934, at 1 - alpha; None: no upper end
    cohen_g: float  # share of the larger side minus a half: 0.05 small, 0.15 medium, 0.25 large (Cohen 1988)


def discordant_odds(counts: PairedCounts, alpha: float = 0.05) -> DiscordantOdds | None:
    """None without discordant examples."""
    if not counts.discordant:
        return None
    share = scipy.stats.binomtest(counts.only_first, counts.discordant, 0.5)
    ends = share.proportion_ci(1.0 - alpha, method="exact")
    low, high = (None if end >= 1.0 else float(end / (1.0 - end)) for end in (ends.low, ends.high))
    ratio = counts.only_first / counts.only_second if counts.only_second else None
    larger = max(counts.only_first, counts.only_second)
    return DiscordantOdds(ratio, (low, high), larger / counts.discordant - 0.5)


def findings(
    counts: PairedCounts, *, alpha: float = 0.05, scope: str = "", claim: str = "models", grouped: bool = False
) -> list[Finding]:
    """McNemar's two tests and the two intervals, or why they cannot tell. `grouped`: examples share groups."""
    if counts.examples == 0:
        return [Finding("McNemar exact", claim, scope, note="cannot tell: there are no examples")]
    note = "examples of one group are taken as independent, which understates the uncertainty" if grouped else ""
    if not counts.discordant:
        silent = "cannot tell: no example divides the two"
        tests = [Finding(name, claim, scope, note=silent) for name in ("McNemar exact", "McNemar mid-p")]
    else:
        divided = f"{counts.only_first} : {counts.only_second} discordant of {counts.examples}"
        # the clearest that so many discordant examples can be
        one_sided = PairedCounts.divided(counts.discordant, 0, counts.discordant)
        tests = []
        for name, test in (("McNemar exact", mcnemar_exact), ("McNemar mid-p", mcnemar_mid_p)):
            smallest = test(one_sided) or 0.0
            short = out_of_reach(smallest, alpha) if smallest > alpha else ""
            notes = "; ".join(part for part in (divided, short, note) if part)
            tests.append(Finding(name, claim, scope, test(counts), estimate=counts.difference, note=notes))
    for name, interval in (("Newcombe interval", newcombe), ("Tango score interval", tango)):
        tests.append(
            Finding(name, claim, scope, estimate=counts.difference, interval=interval(counts, alpha), note=note)
        )
    return tests


def _wilson(right: int, n: int, alpha: float) -> Interval:
    """Wilson 1927, as `scipy.stats.binomtest(...).proportion_ci(method="wilson")`, without its search for a p-value."""
    z = float(scipy.stats.norm.isf(alpha / 2.0))
    share, weight = right / n, z**2 / n
    centre = (share + weight / 2.0) / (1.0 + weight)
    half = z * math.sqrt(share * (1.0 - share) / n + weight / (4.0 * n)) / (1.0 + weight)
    return (0.0 if right == 0 else centre - half), (1.0 if right == n else centre + half)


def _continuous_phi(counts: PairedCounts, first: int, second: int) -> float:
    """The correlation of the two, a positive one shrunk by a continuity correction; 0 where a margin is empty."""
    n = counts.examples
    margins = first * (n - first) * second * (n - second)
    if margins == 0:
        return 0.0
    product = counts.both * counts.neither - counts.only_first * counts.only_second
    corrected = max(product - n / 2.0, 0.0) if product > 0 else product
    return corrected / math.sqrt(margins)


def _crossing(function: Callable[[float], float], low: float, high: float) -> float:
    """Where `function`, which falls from `low` to `high`, is zero; the end that it does not reach zero before."""
    if function(low) <= 0.0:
        return low
    if function(high) >= 0.0:
        return high
    return float(scipy.optimize.brentq(function, low, high, xtol=1e-15, rtol=1e-14))
