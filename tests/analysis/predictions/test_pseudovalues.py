"""Scores per group: what the jackknife gives, against group means and against leaving groups out by hand."""

import numpy as np
import pytest

from analysis.predictions.align import correct, group_numbers
from analysis.predictions.pseudovalues import mean_pseudovalues, pseudovalues
from trainables.errors import InputError
from trainables.records import Predictions


def accuracy(predictions: Predictions) -> float:
    return float(correct(predictions).mean())


def macro_f1(predictions: Predictions) -> float:
    values = []
    for name in predictions.classes:
        hits = sum(t == o == name for t, o in zip(predictions.targets, predictions.outputs, strict=True))
        claimed = sum(o == name for o in predictions.outputs)
        actual = sum(t == name for t in predictions.targets)
        values.append(2 * hits / (claimed + actual) if claimed + actual else 0.0)
    return float(np.mean(values))


def some_predictions(make, sizes: list[int]) -> Predictions:
    rng = np.random.default_rng(sizes)
    groups = [f"g{number}" for number, size in enumerate(sizes) for _ in range(size)]
    return make(rng.random(len(groups)) < 0.7, groups=groups)


def test_for_a_mean_over_equal_groups_they_are_the_group_means(make) -> None:
    predictions = some_predictions(make, [4] * 9)
    means = correct(predictions).reshape(9, 4).mean(axis=1)
    np.testing.assert_allclose(pseudovalues(predictions, accuracy), means, atol=1e-12)


@pytest.mark.parametrize("sizes", [[4] * 9, [1, 2, 3, 4, 5, 6, 7], [1] * 20])
def test_the_quick_way_for_means_is_the_jackknife(make, sizes: list[int]) -> None:
    predictions = some_predictions(make, sizes)
    numbers, groups = group_numbers(predictions)
    quick = mean_pseudovalues(correct(predictions), numbers, groups)
    np.testing.assert_allclose(quick, pseudovalues(predictions, accuracy), atol=1e-12)


def test_several_seeds_at_once(make) -> None:
    runs = [some_predictions(make, [2, 3, 4]), make([True, False, True] * 3, groups=list("aabbbcccc"))]
    numbers, groups = group_numbers(runs[0])
    table = mean_pseudovalues(np.stack([correct(run) for run in runs]), numbers, groups)
    for row, run in zip(table, runs, strict=True):
        np.testing.assert_allclose(row, pseudovalues(run, accuracy), atol=1e-12)


@pytest.mark.parametrize("metric", [accuracy, macro_f1])
def test_their_mean_is_the_metric(make, metric) -> None:
    predictions = some_predictions(make, [1, 2, 3, 4, 5, 6, 7])
    assert pseudovalues(predictions, metric).mean() == pytest.approx(metric(predictions), abs=1e-12)


def test_they_differ_as_leaving_a_group_out_does(make) -> None:
    """Between two groups: (G - 1) times what the metric loses without the one and not without the other."""
    predictions = some_predictions(make, [3, 5, 2, 6])
    numbers, _ = group_numbers(predictions)
    without = [macro_f1(predictions.take(np.flatnonzero(numbers != group))) for group in range(4)]
    values = pseudovalues(predictions, macro_f1)
    assert values[0] - values[1] == pytest.approx(3 * (without[1] - without[0]), abs=1e-12)


def test_a_metric_that_fails_without_a_group_is_reported_with_the_groups_name(make) -> None:
    predictions = some_predictions(make, [3, 3, 3])
    with pytest.raises(InputError, match="without group g1"):
        pseudovalues(predictions, lambda part: 1.0 if "g1" in part.groups else float("nan"))
