"""Many p-values at once.

* Holm 1979 (Scandinavian Journal of Statistics 6:65): the chance of any error among all of them
* Benjamini and Hochberg 1995: the false discovery rate, for a screen; it does not control the chance of any error
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """As `holm_all`, of one family. None, where nothing can be tested, stays None."""
    adjusted = holm_all(np.array([np.nan if p is None else p for p in p_values], dtype=float))
    return [None if given is None else float(p) for given, p in zip(p_values, adjusted, strict=True)]


def holm_all(p_values: np.ndarray) -> np.ndarray:
    """(..., m) Holm's step-down adjusted p-values of families of m. NaN counts as 1 and stays NaN."""
    known = ~np.isnan(p_values)
    size = p_values.shape[-1]
    filled = np.where(known, p_values, 1.0)
    order = np.argsort(filled, axis=-1, kind="stable")
    steps = np.minimum(np.take_along_axis(filled, order, axis=-1) * np.arange(size, 0, -1), 1.0)
    adjusted = np.empty_like(filled)
    np.put_along_axis(adjusted, order, np.maximum.accumulate(steps, axis=-1), axis=-1)
    return np.where(known, adjusted, np.nan)


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p-values: those at most q have a false discovery rate of at most q. None counts as 1 and stays None."""
    if not p_values:
        return []
    from scipy.stats import false_discovery_control  # slow to load

    adjusted = false_discovery_control([1.0 if p is None else p for p in p_values])
    return [None if p is None else float(a) for p, a in zip(p_values, adjusted, strict=True)]
