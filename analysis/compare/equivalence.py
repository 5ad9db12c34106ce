"""Showing "no worse than" and "as good as": a difference that is not significant shows neither.

Two one-sided tests (Schuirmann 1987, J Pharmacokin Biopharm 15:657) against a margin that is chosen before the data
are seen: the largest difference that would not matter. Equivalence at level alpha is the same as the 1 - 2 alpha
interval lying within the margin. Where McNemar decides (one seed), Tango's score statistic takes the place of t. The
pairs of a family share the level: Holm's correction, simultaneous intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy.special import ndtr

from analysis.stats.estimate import Estimate, confidence_percent
from analysis.stats.finding import Finding, Method
from analysis.stats.multiplicity import holm
from analysis.stats.paired_binary import PairedCounts, tango, tango_statistic
from analysis.stats.posterior import region_probabilities
from analysis.verdict.comparison import Comparison


@dataclass(frozen=True)
class Equivalence:
    """`margin` above 0, in the metric's unit. `better_by_less` and `worse_by_less` are one-sided p-values."""

    margin: float
    worse_by_less: float  # against "the first is worse than the second by the margin or more"
    better_by_less: float  # against "the first is better by the margin or more"
    interval: tuple[float, float]  # at confidence 1 - 2 alpha
    alpha: float

    @property
    def p_value(self) -> float:
        """Of equivalence: the larger of the two."""
        return max(self.worse_by_less, self.better_by_less)


def from_estimate(estimate: Estimate, margin: float, *, mode: str = "max", alpha: float = 0.05) -> Equivalence | None:
    """By the t distribution of the estimate's degrees of freedom. None where it has no variance."""
    interval = estimate.interval_at(2.0 * alpha)
    if interval is None:
        return None
    above_low, below_high = map(float, estimate.as_arrays.one_sided(margin))
    worse, better = (above_low, below_high) if mode == "max" else (below_high, above_low)
    return Equivalence(margin, worse, better, interval, alpha)


def from_counts(counts: PairedCounts, margin: float, *, alpha: float = 0.05) -> Equivalence:
    """Of two accuracies on the same examples, 0 < margin < 1."""
    worse = float(ndtr(-tango_statistic(counts, -margin)))
    better = float(ndtr(tango_statistic(counts, margin)))
    return Equivalence(margin, worse, better, tango(counts, 2.0 * alpha), alpha)


def in_family(findings: Sequence[Sequence[Finding]]) -> list[list[Finding]]:
    """Holm's correction of each of these tests over the pairs of a family: one list of findings for each pair."""
    if len(findings) < 2:
        return [list(own) for own in findings]
    by_test = [holm([own[test].p_value for own in findings]) for test in range(len(findings[0]))]
    return [
        [
            each
            if each.p_value is None
            else replace(
                each,
                p_value=by_test[test][pair],
                note=f"{each.note}; Holm's correction over {len(findings)} pairs, alone p = {each.p_value:.4g}",
            )
            for test, each in enumerate(own)
        ]
        for pair, own in enumerate(findings)
    ]


def equivalence_findings(
    comparison: Comparison,
    counts: PairedCounts | None,
    margin: float,
    *,
    mode: str,
    alpha: float,
    pairs: int = 1,
) -> list[Finding]:
    """Equivalence, and "no worse than" both ways; with an estimate also the Bayesian probabilities.

    `counts` where there is one seed and right or wrong.

    With several `pairs` the interval is simultaneous; `in_family` then corrects the p-values.
    """
    alpha = alpha / pairs
    estimate = comparison.estimate
    found = from_counts(counts, margin, alpha=alpha) if estimate is None and counts is not None else None
    if estimate is not None:
        found = from_estimate(estimate, margin, mode=mode, alpha=alpha)
    wanted: list[tuple[Method, str, tuple[str, ...]]] = [
        (Method.EQUIVALENT, f"equivalent within {margin:g} (TOST)", ()),
        *(
            (Method.NO_WORSE, f"{name} no worse by {margin:g} (one-sided)", (name,))
            for name in (comparison.first, comparison.second)
        ),
    ]
    if found is None:
        note = "cannot tell: the difference has no estimate of its uncertainty"
        return [Finding(method, name, comparison.claim, note=note, about=about) for method, name, about in wanted]
    shown = f"{confidence_percent(2.0 * alpha)} % interval; the margin must have been chosen beforehand"
    p_values = (found.p_value, found.worse_by_less, found.better_by_less)
    tests = [
        Finding(method, name, comparison.claim, "", p, None, comparison.difference, found.interval, shown, about)
        for (method, name, about), p in zip(wanted, p_values, strict=True)
    ]
    return tests if estimate is None else [*tests, _region(comparison, estimate, margin)]


def _region(comparison: Comparison, estimate: Estimate, margin: float) -> Finding:
    below, within, above = region_probabilities(estimate, margin)
    note = (
        f"probability {within:.3f} that the difference does not matter (region of practical equivalence), {above:.3f} "
        f"that {comparison.first} has more by {margin:g} or more, {below:.3f} less; flat prior, no p-value"
    )
    name = f"Bayesian probability of a difference within {margin:g}"
    return Finding(Method.WITHIN_MARGIN, name, comparison.claim, "", None, within, comparison.difference, note=note)
