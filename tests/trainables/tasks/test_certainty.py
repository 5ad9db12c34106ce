"""How far probabilities can be trusted, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from trainables.tasks.certainty import BINS, brier_score, excess_by_bin, expected_calibration_error


def drawn(rows: int, classes: int, stream: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(stream)
    return rng.integers(0, classes, rows), rng.dirichlet(np.ones(classes), rows)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_the_brier_score_is_scikit_learns(classes: int) -> None:
    wanted, shares = drawn(50, classes)
    proba = shares[:, 1] if classes == 2 else shares
    expected = brier_score_loss(wanted, proba, labels=list(range(classes)))
    assert brier_score(wanted, shares) == pytest.approx(expected, abs=1e-12)


def test_the_calibration_error_by_hand() -> None:
    shares = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]])
    wanted = np.array([0, 0, 1, 0, 0, 0])
    # 0.9: right in 3 of 4; 0.6: in 1 of 2
    assert expected_calibration_error(wanted, shares) == pytest.approx((4 * 0.15 + 2 * 0.1) / 6)


def test_the_calibration_error_bin_by_bin() -> None:
    wanted, shares = drawn(400, 3, 1)
    certain, right = shares.max(axis=1), shares.argmax(axis=1) == wanted
    expected = 0.0
    for number in range(BINS):
        inside = (certain > number / BINS) & (certain <= (number + 1) / BINS)
        if inside.any():
            expected += inside.sum() / 400 * abs(certain[inside].mean() - right[inside].mean())
    assert expected_calibration_error(wanted, shares) == pytest.approx(expected, abs=1e-12)
    assert excess_by_bin(wanted, shares).shape == (400, BINS)


def test_certain_and_right_is_perfect_and_certain_and_wrong_is_the_worst() -> None:
    shares = np.eye(3)[[0, 1, 2]]
    assert brier_score(np.array([0, 1, 2]), shares) == 0.0
    assert expected_calibration_error(np.array([0, 1, 2]), shares) == 0.0
    assert brier_score(np.array([1, 2, 0]), shares) == 2.0
    assert expected_calibration_error(np.array([1, 2, 0]), shares) == 1.0
