"""A score per test group, for any metric: jackknife pseudo-values, one group left out at a time.

For a mean over equally large groups these are the groups' own means. They are shifted so that their mean is the metric
itself (normalised pseudo-values: Hillis, Berbaum and Metz 2008, Academic Radiology 15:647).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis.align import group_numbers, take
from trainables.errors import InputError
from trainables.records import Predictions

Metric = Callable[[Predictions], float]
ExampleScores = Callable[[Predictions], np.ndarray]


def pseudovalues(predictions: Predictions, metric: Metric) -> np.ndarray:
    """(G,) of `metric`, in the order in which groups first appear; needs at least two groups.

    Calls the metric G + 1 times; `mean_pseudovalues` is the quick way for means.
    Raises InputError where the metric is not finite, with or without a group.
    """
    numbers, groups = group_numbers(predictions)
    whole = _finite(metric(predictions), "on all examples")
    names = list(dict.fromkeys(predictions.groups))
    without = np.array(
        [
            _finite(metric(take(predictions, np.flatnonzero(numbers != group))), f"without group {names[group]}")
            for group in range(groups)
        ]
    )
    return _normalised(whole, without)


def mean_pseudovalues(scores: np.ndarray, numbers: np.ndarray, groups: int) -> np.ndarray:
    """(..., G) for a metric that is the mean of `scores` (..., N); `numbers` (N,) is each example's group index."""
    sizes = np.bincount(numbers, minlength=groups)
    rows = [np.bincount(numbers, weights=row, minlength=groups) for row in scores.reshape(-1, len(numbers))]
    sums = np.stack(rows).reshape(*scores.shape[:-1], groups)
    total = scores.sum(axis=-1, keepdims=True)
    return _normalised(total[..., 0] / len(numbers), (total - sums) / (len(numbers) - sizes))


def _normalised(whole: np.ndarray | float, without: np.ndarray) -> np.ndarray:
    groups = without.shape[-1]
    whole = np.asarray(whole)[..., None]
    values = groups * whole - (groups - 1) * without
    return np.asarray(values + (whole - values.mean(axis=-1, keepdims=True)))


def _finite(value: float, where: str) -> float:
    if not np.isfinite(value):
        raise InputError(f"The metric is {value} {where}; it must be a finite number to be compared.")
    return float(value)
