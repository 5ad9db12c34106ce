"""Few paired values, such as one difference per seed: the sign-flip and the Wilcoxon signed-rank test, exact.

Both list every assignment of signs (Fisher 1935; Wilcoxon 1945), so n pairs allow no two-sided p-value below
2 / 2^n: with 5 seeds 0.0625, which no data can bring under 5 %. Where that is so, no p-value is given.
They treat the pairs as the whole sample: over seeds the claim is about new seeds on the same examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.stats.finding import Finding, Method, out_of_reach
from analysis.stats.resampling import all_signs
from analysis.stats.ties import RELATIVE, ranks, tied, without_rounding

MOST_PAIRS = 20  # 2^20 sums are listed


@dataclass(frozen=True)
class SignTest:
    """`p_value` is None where no pair differs."""

    statistic: float  # sum of the differences, or of their ranks, above zero
    p_value: float | None
    smallest_p: float
    pairs: int  # that differ


def sign_flip(differences: Sequence[float]) -> SignTest:
    """Whether the mean difference is larger than under random signs; at most 20 pairs that differ."""
    values = _freed(differences)
    return _over_all_signs(values[values != 0.0])


def wilcoxon(differences: Sequence[float]) -> SignTest:
    """The same on the ranks of the differences; equal ones share a rank, zeros are left out."""
    values = _freed(differences)
    values = values[values != 0.0]
    return _over_all_signs(np.sign(values) * ranks(tied(np.abs(values))))


def seed_findings(differences: Sequence[float], *, alpha: float) -> list[Finding]:
    """Both tests on one difference per seed, or why they can say nothing."""
    found = []
    for method, name, test in (
        (Method.SIGN_FLIP, "sign-flip over seeds", sign_flip),
        (Method.WILCOXON, "Wilcoxon over seeds", wilcoxon),
    ):
        result = test(differences)
        note, p_value = "", result.p_value
        if p_value is None:
            note = "cannot tell: no seed shows a difference"
        elif 2.0 ** (1 - len(differences)) > alpha or result.smallest_p > alpha:
            note, p_value = out_of_reach(result.smallest_p, alpha), None
        mean = float(np.mean(differences))
        found.append(Finding(method, name, "groups", "", p_value, result.statistic, mean, note=note))
    return found


def _freed(differences: Sequence[float]) -> np.ndarray:
    values = np.asarray(differences, dtype=float)
    return without_rounding(values, RELATIVE * float(np.abs(values).max(initial=0.0)))


def _over_all_signs(values: np.ndarray) -> SignTest:
    pairs = len(values)
    if pairs > MOST_PAIRS:
        raise ValueError(f"lists all signs of at most {MOST_PAIRS} differing pairs, got {pairs}")
    above = float(values[values > 0].sum())
    if not pairs:
        return SignTest(above, None, 1.0, 0)
    sums = (2.0 * all_signs(pairs) - 1.0) @ values
    tolerance = 1e-12 * float(np.abs(values).sum())
    p_value = float(np.mean(np.abs(sums) >= abs(values.sum()) - tolerance))
    return SignTest(above, p_value, 2.0 ** (1 - pairs), pairs)
