"""A score per test group, for any metric: jackknife pseudo-values, one group left out at a time.

For a mean over equally large groups these are the groups' own means. They are shifted so that their mean is the metric
itself (normalised pseudo-values: Hillis, Berbaum and Metz 2008, Academic Radiology 15:647).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis.predictions.align import group_numbers
from analysis.predictions.metrics import SumMetric
from analysis.predictions.tags import OrderMetric
from trainables.errors import InputError
from trainables.records import Predictions

Metric = Callable[[Predictions], float]
ExampleScores = Callable[[Predictions], np.ndarray]


def pseudovalues(predictions: Predictions, metric: Metric) -> np.ndarray:
    """(G,) of `metric`, in the order in which groups first appear; needs at least two groups.

    A `SumMetric` or an `OrderMetric` takes one pass over the examples, any other is called G + 1 times;
    `mean_pseudovalues` is the quick way for means of several runs.
    Raises InputError where the metric is not finite, with or without a group.
    """
    numbers, groups = group_numbers(predictions)
    if isinstance(metric, SumMetric):
        return pseudovalues_of_sums(group_sums(metric.rows(predictions), numbers, groups), metric, predictions)
    if isinstance(metric, OrderMetric):
        all_in, one_out = metric.left_out(predictions, numbers, groups)
        _check(all_in, one_out, predictions)
        return _normalised(all_in, one_out)
    whole = np.asarray(metric(predictions))
    parts = (predictions.take(np.flatnonzero(numbers != group)) for group in range(groups))
    without = np.array([metric(part) for part in parts])
    _check(whole, without, predictions)
    return _normalised(whole, without)


def pseudovalues_of_sums(sums: np.ndarray, metric: SumMetric, predictions: Predictions) -> np.ndarray:
    """(..., G) of a metric of sums (..., G, F), whose groups are those of `predictions`. Raises InputError as above."""
    total = sums.sum(axis=-2)
    whole, without = metric.value(total), metric.value(total[..., None, :] - sums)
    _check(whole, without, predictions)
    return _normalised(whole, without)


def sum_pseudovalues(sums: np.ndarray, metric: SumMetric) -> np.ndarray:
    """(..., G) of a metric of sums: `sums` (..., G, F) are those of each group. NaN where it is not defined."""
    total = sums.sum(axis=-2)
    return _normalised(metric.value(total), metric.value(total[..., None, :] - sums))


def mean_pseudovalues(scores: np.ndarray, numbers: np.ndarray, groups: int) -> np.ndarray:
    """(..., G) for a metric that is the mean of `scores` (..., N); `numbers` (N,) is each example's group index."""
    sizes = np.bincount(numbers, minlength=groups)
    rows = [np.bincount(numbers, weights=row, minlength=groups) for row in scores.reshape(-1, len(numbers))]
    return mean_pseudovalues_of(np.stack(rows).reshape(*scores.shape[:-1], groups), sizes)


def mean_pseudovalues_of(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(..., G) for a mean, from the groups' `sums` (..., G) of scores and their `sizes` (G,)."""
    total, examples = sums.sum(axis=-1, keepdims=True), sizes.sum()
    return _normalised(total[..., 0] / examples, (total - sums) / (examples - sizes))


def group_sums(rows: np.ndarray, numbers: np.ndarray, groups: int) -> np.ndarray:
    """(G, F): the sums of `rows` (N, F) over each group; `numbers` (N,) is each row's group index."""
    return np.stack([np.bincount(numbers, weights=column, minlength=groups) for column in rows.T], axis=1)


def _normalised(whole: np.ndarray, without: np.ndarray) -> np.ndarray:
    groups = without.shape[-1]
    whole = whole[..., None]
    values = groups * whole - (groups - 1) * without
    return np.asarray(values + (whole - values.mean(axis=-1, keepdims=True)))


def _check(whole: np.ndarray, without: np.ndarray, predictions: Predictions) -> None:
    """Raises InputError where `whole` (...) or `without` (..., G) is not finite."""
    wrong = np.asarray(whole)[~np.isfinite(whole)]
    if wrong.size:
        raise InputError(f"The metric is {wrong[0]} on all examples; it must be a finite number to be compared.")
    bad = np.argwhere(~np.isfinite(without))
    if len(bad):
        names = list(dict.fromkeys(predictions.groups))
        raise InputError(
            f"The metric is {without[tuple(bad[0])]} without group {names[bad[0][-1]]}; it must be a finite number to "
            "be compared."
        )
