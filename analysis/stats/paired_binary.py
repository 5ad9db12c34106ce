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

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaincinv, ndtri

from analysis.stats.finding import Finding, Method, out_of_reach

Interval = tuple[float, float]
HALVINGS = 60  # of an interval of length 2: to the last digit


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


def mcnemar_p_values(only_first: np.ndarray, only_second: np.ndarray) -> np.ndarray:
    """(...) two-sided exact p-values, by the symmetry of the binomial; NaN without discordant examples."""
    smaller, larger = np.minimum(only_first, only_second), np.maximum(only_first, only_second)
    both_tails = 2.0 * betainc(larger, smaller + 1.0, 0.5)  # of at most the smaller number, and the mirror image
    p_values = np.where(larger - smaller <= 1, 1.0, both_tails)  # they meet, so that all outcomes are at least as far
    return np.where(larger > 0, p_values, np.nan)


def mcnemar_exact(counts: PairedCounts) -> float | None:
    """Two-sided p-value. None without discordant examples."""
    if not counts.discordant:
        return None
    return float(mcnemar_p_values(*_divided(counts)))


def mcnemar_mid_p(counts: PairedCounts) -> float | None:
    """Two-sided: half the probability of the observed outcome taken off each tail. None without discordant examples."""
    n, smaller = counts.discordant, min(counts.only_first, counts.only_second)
    if n == 0:
        return None
    at_most, fewer = _binomial_tail(smaller, n), _binomial_tail(smaller - 1, n)
    if counts.only_first == counts.only_second:
        return 1.0 - (at_most - fewer) / 2.0  # the two tails share the observed outcome
    return at_most + fewer


def mcnemar_interval(counts: PairedCounts, alpha: float = 0.05) -> Interval | None:
    """As `mcnemar_intervals`, of one table; None without discordant examples."""
    if not counts.discordant:
        return None
    low, high = mcnemar_intervals(*_divided(counts), counts.examples, alpha)
    return (float(low), float(high))


def mcnemar_intervals(
    only_first: np.ndarray, only_second: np.ndarray, examples: int, alpha: float = 0.05
) -> tuple[np.ndarray, np.ndarray]:
    """(...) ends of the interval of the difference in accuracy that goes with the exact test; NaN where it has none.

    The hull of two: Tango's score interval, which holds its level for the size of a difference, and Clopper-Pearson on
    the discordant share, which excludes 0 exactly where the test is significant but takes the number of discordant
    examples as given (it covered 82 to 92 % where one of two simulated models was clearly better).
    """
    b, c = only_first, only_second
    size = b + c
    with np.errstate(invalid="ignore"):
        least = np.where(b > 0, betaincinv(b, c + 1.0, alpha / 2.0), 0.0)
        most = np.where(c > 0, betaincinv(b + 1.0, c, 1.0 - alpha / 2.0), 1.0)
    low, high = tango_intervals(b, c, examples, alpha)
    lower = np.minimum(low, (2.0 * least - 1.0) * size / examples)
    upper = np.maximum(high, (2.0 * most - 1.0) * size / examples)
    return np.where(size > 0, lower, np.nan), np.where(size > 0, upper, np.nan)


def newcombe(counts: PairedCounts, alpha: float = 0.05) -> Interval:
    """As `newcombe_intervals`, of one table."""
    low, high = newcombe_intervals(*_divided(counts), counts.both, counts.neither, alpha=alpha)
    return (float(low), float(high))


def newcombe_intervals(
    only_first: np.ndarray,
    only_second: np.ndarray,
    both: np.ndarray | int,
    neither: np.ndarray | int,
    *,
    alpha: float = 0.05,
) -> tuple[np.ndarray, np.ndarray]:
    """(...) ends for the difference in accuracy: Wilson's for each model, joined by their correlation (method 10)."""
    n = both + only_first + only_second + neither
    first, second = both + only_first, both + only_second
    (down1, up1), (down2, up2) = _wilson(first, n, alpha), _wilson(second, n, alpha)
    margins = first * (n - first) * second * (n - second)
    product = both * neither - only_first * only_second
    corrected = np.where(product > 0, np.maximum(product - n / 2.0, 0.0), product)  # a positive one shrunk: continuity
    phi = np.where(margins > 0, corrected / np.sqrt(np.where(margins > 0, margins, 1.0)), 0.0)
    d = (only_first - only_second) / n
    below = down1**2 - 2.0 * phi * down1 * up2 + up2**2
    above = up1**2 - 2.0 * phi * up1 * down2 + down2**2
    return d - np.sqrt(np.maximum(below, 0.0)), d + np.sqrt(np.maximum(above, 0.0))


def tango(counts: PairedCounts, alpha: float = 0.05) -> Interval:
    """As `tango_intervals`, of one table."""
    low, high = tango_intervals(*_divided(counts), counts.examples, alpha)
    return (float(low), float(high))


def tango_intervals(
    only_first: np.ndarray, only_second: np.ndarray, examples: int, alpha: float = 0.05
) -> tuple[np.ndarray, np.ndarray]:
    """(...) ends for the difference in accuracy: every difference that the score test does not reject."""
    z = float(ndtri(1.0 - alpha / 2.0))
    d = (only_first - only_second) / examples

    def score(delta: np.ndarray) -> np.ndarray:
        return tango_statistics(only_first, only_second, examples, delta)

    return (
        _crossing(lambda delta: score(delta) - z, np.full_like(d, -1.0), d),
        _crossing(lambda delta: score(delta) + z, d, np.full_like(d, 1.0)),
    )


def tango_statistic(counts: PairedCounts, difference: float) -> float:
    """As `tango_statistics`, of one table."""
    return float(tango_statistics(*_divided(counts), counts.examples, np.asarray(difference)))


def tango_statistics(
    only_first: np.ndarray, only_second: np.ndarray, examples: int, difference: np.ndarray
) -> np.ndarray:
    """(...) score statistics (standard normal) against true differences in accuracy of `difference`, -1 to 1."""
    n, b, c = examples, only_first, only_second
    above_expected = b - c - n * difference
    linear = (2 * n - b + c) * difference - b - c
    constant = -c * difference * (1.0 - difference)
    share = (np.sqrt(np.maximum(linear**2 - 8.0 * n * constant, 0.0)) - linear) / (4.0 * n)  # only_second's, by
    variance = n * (2.0 * share + difference * (1.0 - difference))  # restricted maximum likelihood
    known = variance > 0.0
    finite = above_expected / np.sqrt(np.where(known, variance, 1.0))
    return np.where(above_expected == 0.0, 0.0, np.where(known, finite, np.copysign(np.inf, above_expected)))


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
    b, c = counts.only_first, counts.only_second
    least = float(betaincinv(b, c + 1, alpha / 2.0)) if b else 0.0
    most = float(betaincinv(b + 1, c, 1.0 - alpha / 2.0)) if c else 1.0
    low, high = (None if end >= 1.0 else end / (1.0 - end) for end in (least, most))
    ratio = counts.only_first / counts.only_second if counts.only_second else None
    larger = max(counts.only_first, counts.only_second)
    return DiscordantOdds(ratio, (low, high), larger / counts.discordant - 0.5)


MCNEMAR = (
    (Method.MCNEMAR_EXACT, "McNemar exact", mcnemar_exact),
    (Method.MCNEMAR_MID_P, "McNemar mid-p", mcnemar_mid_p),
)


def findings(
    counts: PairedCounts, *, alpha: float = 0.05, scope: str = "", claim: str = "models", grouped: bool = False
) -> list[Finding]:
    """McNemar's two tests and the two intervals, or why they cannot tell. `grouped`: examples share groups."""
    if counts.examples == 0:
        return [Finding(Method.MCNEMAR_EXACT, "McNemar exact", claim, scope, note="cannot tell: there are no examples")]
    note = "examples of one group are taken as independent, which understates the uncertainty" if grouped else ""
    if not counts.discordant:
        silent = "cannot tell: no example divides the two"
        tests = [Finding(method, name, claim, scope, note=silent) for method, name, _ in MCNEMAR]
    else:
        divided = f"{counts.only_first} : {counts.only_second} discordant of {counts.examples}"
        # the clearest that so many discordant examples can be
        one_sided = PairedCounts.divided(counts.discordant, 0, counts.discordant)
        tests = []
        for method, name, test in MCNEMAR:
            smallest = test(one_sided) or 0.0
            short = out_of_reach(smallest, alpha) if smallest > alpha else ""
            notes = "; ".join(part for part in (divided, short, note) if part)
            tests.append(Finding(method, name, claim, scope, test(counts), estimate=counts.difference, note=notes))
    for method, name, interval in (
        (Method.NEWCOMBE, "Newcombe interval", newcombe),
        (Method.TANGO, "Tango score interval", tango),
    ):
        ends = interval(counts, alpha)
        tests.append(Finding(method, name, claim, scope, estimate=counts.difference, interval=ends, note=note))
    return tests


def _binomial_tail(most: int, n: int) -> float:
    """The probability of at most so many of n fair coins."""
    return float(betainc(n - most, most + 1, 0.5)) if most >= 0 else 0.0


def _divided(counts: PairedCounts) -> tuple[np.ndarray, np.ndarray]:
    """Both discordant numbers as arrays of shape ()."""
    return np.asarray(float(counts.only_first)), np.asarray(float(counts.only_second))


def _wilson(right: np.ndarray, n: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """How far Wilson's interval (1927) of a share reaches below and above it."""
    z = float(ndtri(1.0 - alpha / 2.0))
    share, weight = right / n, z**2 / n
    centre = (share + weight / 2.0) / (1.0 + weight)
    half = z * np.sqrt(share * (1.0 - share) / n + weight / (4.0 * n)) / (1.0 + weight)
    low, high = np.where(right == 0, 0.0, centre - half), np.where(right == n, 1.0, centre + half)
    return share - low, high - share


def _crossing(function: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(...) where `function`, which falls from `low` to `high`, is zero; the end that it does not reach zero before."""
    at_low, at_high = function(low) <= 0.0, function(high) >= 0.0
    least, most = low, high
    for _ in range(HALVINGS):
        middle = (least + most) / 2.0
        above = function(middle) > 0.0
        least, most = np.where(above, middle, least), np.where(above, most, middle)
    return np.where(at_low, low, np.where(at_high, high, (least + most) / 2.0))
