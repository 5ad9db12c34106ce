"""Metrics of ratings, against SciPy, scikit-learn and the verdict's own, with and without missing ratings."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sklearn_metrics

from analysis.predictions.metrics import METRICS
from trainables.records import Predictions
from trainables.tasks.rating_metrics import by_column, means


@pytest.fixture
def table() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    targets = rng.normal(3.0, [1.0, 0.2, 5.0], size=(60, 3))
    return targets, targets + rng.normal(0.3, [0.5, 0.3, 1.0], size=(60, 3))


def test_each_column_has_the_reference_libraries_values(table: tuple[np.ndarray, np.ndarray]) -> None:
    targets, outputs = table
    found = by_column(targets, outputs)
    for column in range(3):
        wanted, said = targets[:, column], outputs[:, column]
        assert found["pearson"][column] == pytest.approx(stats.pearsonr(wanted, said).statistic, abs=1e-12)
        assert found["mae"][column] == pytest.approx(sklearn_metrics.mean_absolute_error(wanted, said), abs=1e-12)
        assert found["mse"][column] == pytest.approx(sklearn_metrics.mean_squared_error(wanted, said), abs=1e-12)
        assert found["r2"][column] == pytest.approx(sklearn_metrics.r2_score(wanted, said), abs=1e-12)


@pytest.mark.parametrize("name", ["pearson", "ccc", "mae", "rmse", "r2"])
def test_a_comparison_of_files_has_the_sweeps_metric(name: str, table: tuple[np.ndarray, np.ndarray]) -> None:
    """With one rating, where the mean over columns and the root of a mean are the same thing."""
    targets, outputs = (side[:, :1] for side in table)
    run = Predictions([*map(str, range(60))], ["g"] * 60, ["-"] * 60, list(targets), list(outputs))
    assert means(by_column(targets, outputs))[name] == pytest.approx(METRICS[name](run), abs=1e-12)


def test_concordance_of_lins_formula() -> None:
    """A shift by one and a half scale: 2 s / (v + v/4 + 1) with s = v/2, by hand."""
    wanted = np.array([[1.0], [2.0], [3.0], [4.0]])
    said = wanted / 2 + wanted.mean() / 2 + 1
    variance = wanted.var()
    assert by_column(wanted, said)["ccc"][0] == pytest.approx(variance / (1.25 * variance + 1))


def test_a_missing_rating_has_no_part(table: tuple[np.ndarray, np.ndarray]) -> None:
    targets, outputs = table
    holes = targets.copy()
    holes[:20, 1] = np.nan
    found, whole, part = by_column(holes, outputs), by_column(targets, outputs), by_column(targets[20:], outputs[20:])
    for name in found:
        assert found[name].tolist() == [whole[name][0], part[name][1], whole[name][2]]


def test_what_never_varies_has_no_correlation() -> None:
    varied, constant = np.array([[1.0], [2.0], [4.0]]), np.full((3, 1), 0.1 + 0.2)
    assert by_column(varied, constant)["pearson"][0] == by_column(varied, constant)["ccc"][0] == 0.0
    assert np.isnan(by_column(constant, varied)["pearson"][0])
    both = means(by_column(np.hstack([varied, constant]), np.hstack([varied, varied])))
    assert both["pearson"] == pytest.approx(1.0)  # of the column that varies
