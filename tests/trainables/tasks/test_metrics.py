"""Metrics by hand."""

import math

import numpy as np
import pytest

from trainables.tasks import metrics

TARGETS = ["a", "a", "a", "b"]
OUTPUTS = ["a", "a", "b", "b"]


def test_accuracies_and_f1_of_four_clips_by_hand() -> None:
    assert metrics.accuracy(TARGETS, OUTPUTS) == 0.75
    assert metrics.balanced_accuracy(TARGETS, OUTPUTS) == pytest.approx((2 / 3 + 1) / 2)
    # a: precision 1, recall 2/3; b: precision 1/2, recall 1
    assert metrics.macro_f1(TARGETS, OUTPUTS) == pytest.approx((0.8 + 2 / 3) / 2)


def test_balanced_accuracy_asks_only_for_classes_that_occur() -> None:
    assert metrics.balanced_accuracy(["a", "a"], ["a", "b"]) == 0.5


def test_cross_entropy_ignores_a_constant_per_row() -> None:
    scores = np.array([[0.0, math.log(3)], [0.0, 0.0]])
    expected = (-math.log(3 / 4) - math.log(1 / 2)) / 2
    assert metrics.cross_entropy(["b", "a"], scores, ("a", "b")) == pytest.approx(expected)
    shifted = scores + np.array([[-500.0], [700.0]])
    assert metrics.cross_entropy(["b", "a"], shifted, ("a", "b")) == pytest.approx(expected)


def test_a_class_that_only_the_model_names_has_an_f1_of_0() -> None:
    assert metrics.macro_f1(TARGETS, [*OUTPUTS[:3], "c"]) == pytest.approx(0.8 / 3)
