"""Score columns in any of three forms: one loss, one ensemble."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.special
import sklearn.metrics

from analysis.predictions.ensemble import ensemble
from analysis.predictions.metrics import METRICS
from analysis.predictions.scores import are_probabilities, probabilities
from trainables.errors import InputError
from trainables.records import Predictions


def scored(scores: np.ndarray, targets: list[str], classes: tuple[str, ...] = ("a", "b")) -> Predictions:
    ids = [f"e{i}" for i in range(len(scores))]
    outputs = [classes[i] for i in scores.argmax(axis=1)]
    return Predictions(ids, ids, ["-"] * len(ids), targets, outputs, scores, classes)


def test_log_probabilities_logits_and_probabilities_mean_the_same() -> None:
    logits = np.random.default_rng(0).standard_normal((5, 3))
    p = scipy.special.softmax(logits, axis=1)
    for given in (logits, logits + 7.0, np.log(p), p):
        np.testing.assert_allclose(probabilities(given), p, atol=1e-12)


def test_the_loss_of_probabilities_is_minus_their_logarithm() -> None:
    """0.9 for the right class in every clip: -log 0.9 = 0.105, and not the 0.371 of a second softmax."""
    targets = ["a", "b"] * 20
    p = np.array([[0.9, 0.1], [0.1, 0.9]] * 20)
    for form in (p, np.log(p), np.log(p) + 3.0):
        assert METRICS["loss"](scored(form, targets)) == pytest.approx(-np.log(0.9), abs=1e-12)


def test_the_loss_is_scikit_learns_in_every_form() -> None:
    rng = np.random.default_rng(1)
    logits = rng.standard_normal((50, 3))
    targets = [("a", "b", "c")[i] for i in rng.integers(0, 3, 50)]
    p = scipy.special.softmax(logits, axis=1)
    expected = sklearn.metrics.log_loss(targets, p, labels=["a", "b", "c"])
    for form in (logits, p):
        assert METRICS["loss"](scored(form, targets, ("a", "b", "c"))) == pytest.approx(expected, abs=1e-12)
    rounded = np.round(p, 2).clip(0.01)
    assert are_probabilities(rounded)
    assert METRICS["loss"](scored(rounded, targets, ("a", "b", "c"))) == pytest.approx(expected, abs=0.05)


def test_a_confident_error_costs_more_than_a_timid_one_whatever_the_form() -> None:
    timid = scored(np.array([[0.45, 0.55]] + [[0.9, 0.1]] * 9), ["a"] * 10)
    bold = scored(np.array([[0.001, 0.999]] + [[0.93, 0.07]] * 9), ["a"] * 10)
    assert METRICS["loss"](bold) > METRICS["loss"](timid)
    as_logs = [replace(run, scores=np.log(run.scores)) for run in (bold, timid)]
    assert METRICS["loss"](as_logs[0]) == pytest.approx(METRICS["loss"](bold), abs=1e-12)


def test_the_loss_of_an_ensemble_of_one_is_its_own() -> None:
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    run = scored(p, ["a", "b", "b"])
    assert METRICS["loss"](ensemble([run])) == pytest.approx(METRICS["loss"](run), abs=1e-12)


def test_logits_that_happen_to_lie_between_0_and_1_are_logits() -> None:
    assert not are_probabilities(np.array([[0.3, 0.0], [0.9, 0.8]]))
    assert not are_probabilities(np.array([[1.5, -0.5]]))


def test_a_right_class_called_impossible_is_refused() -> None:
    with pytest.raises(InputError, match="probability 0 in 1 examples"):
        METRICS["loss"](scored(np.array([[1.0, 0.0], [0.5, 0.5]]), ["b", "a"]))
