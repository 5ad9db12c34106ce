"""A score per test group, for any metric: jackknife pseudo-values, one group left out at a time.

For a mean over equally large groups these are the groups' own means. They are shifted so that their mean is the metric
itself (normalised pseudo-values: Hillis, Berbaum and Metz 2008, Academic Radiology 15:647).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis.predictions.align import group_numbers
from analysis.predictions.metrics import SumMetric
from trainables.errors import InputError
from trainables.records import Predictions

Metric = Callable[[Predictions], float]
ExampleScores = Callable[[Predictions], np.ndarray]


def pseudovalues(predictions: Predictions, metric: Metric) -> np.ndarray:
    """(G,) of `metric`, in the order in which groups first appear; needs at least two groups.

    A `SumMetric` takes one pass over the examples, any other metric is called G + 1 times; `mean_pseudovalues` is the
    quick way for means of several runs.
    Raises InputError where the metric is not finite, with or without a group.
    """
    numbers, groups = group_numbers(predictions)
    whole = _finite(metric(predictions), "on all examples")
    names = list(dict.fromkeys(predictions.groups))
    if isinstance(metric, SumMetric):
        without = metric.value(_sums_without(metric.rows(predictions), numbers, groups))
    else:
        parts = (predictions.take(np.flatnonzero(numbers != group)) for group in range(groups))
        without = np.array([metric(part) for part in parts])
    for name, value in zip(names, without, strict=True):
        _finite(value, f"without group {name}")
    return _normalised(whole, without)


def mean_pseudovalues(scores: np.ndarray, numbers: np.ndarray, groups: int) -> np.ndarray:
    """(..., G) for a metric that is the mean of `scores` (..., N); `numbers` (N,) is each example's group index."""
    sizes = np.bincount(numbers, minlength=groups)
    rows = [np.bincount(numbers, weights=row, minlength=groups) for row in scores.reshape(-1, len(numbers))]
    sums = np.stack(rows).reshape(*scores.shape[:-1], groups)
    total = scores.sum(axis=-1, keepdims=True)
    return _normalised(total[..., 0] / len(numbers), (total - sums) / (len(numbers) - sizes))


def _sums_without(rows: np.ndarray, numbers: np.ndarray, groups: int) -> np.ndarray:
    """(G, F): the sums of `rows` (N, F) with each group left out."""
    by_group = np.zeros((groups, rows.shape[1]))
    np.add.at(by_group, numbers, rows)
    return np.asarray(rows.sum(axis=0) - by_group)


def _normalised(whole: np.ndarray | float, without: np.ndarray) -> np.ndarray:
    groups = without.shape[-1]
    whole = np.asarray(whole)[..., None]
    values = groups * whole - (groups - 1) * without
    return np.asarray(values + (whole - values.mean(axis=-1, keepdims=True)))


def _finite(value: float, where: str) -> float:
    if not np.isfinite(value):
        raise InputError(f"The metric is {value} {where}; it must be a finite number to be compared.")
    return float(value)
