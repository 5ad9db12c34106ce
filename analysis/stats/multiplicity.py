"""Many p-values at once.

* Holm 1979 (Scandinavian Journal of Statistics 6:65): the chance of any error among all of them
* Benjamini and Hochberg 1995: the false discovery rate, for a screen; it does not control the chance of any error
"""

from __future__ import annotations

from collections.abc import Sequence

import scipy.stats


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjusted p-values. None, where nothing can be tested, counts as 1 and stays None."""
    size = len(p_values)
    order = sorted(range(size), key=lambda i: 1.0 if p_values[i] is None else float(p_values[i] or 0.0))
    adjusted: list[float | None] = [None] * size
    largest = 0.0
    for rank, index in enumerate(order):
        p = p_values[index]
        largest = max(largest, min(1.0, (size - rank) * (1.0 if p is None else p)))
        adjusted[index] = None if p is None else largest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p-values: those at most q have a false discovery rate of at most q. None counts as 1 and stays None."""
    if not p_values:
        return []
    adjusted = scipy.stats.false_discovery_control([1.0 if p is None else p for p in p_values])
    return [None if p is None else float(a) for p, a in zip(p_values, adjusted, strict=True)]
