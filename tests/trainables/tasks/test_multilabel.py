"""Several labels a clip: from the data, with weights, as probabilities; metrics by their definitions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from trainables.errors import InputError
from trainables.records import Predictions
from trainables.tasks import tag_metrics
from trainables.tasks.multilabel import MultiLabel

TRAINING = [["dog"], ["dog", "rain"], [], ["dog"]]
TASK = MultiLabel(thresholds="f1").completed([*TRAINING, ["wind"]], [*TRAINING, ["wind"]])


def test_labels_are_those_of_the_data_in_sorted_order() -> None:
    assert TASK.labels == ("dog", "rain", "wind")
    assert TASK.head_outputs == 3
    np.testing.assert_array_equal(TASK.table([["wind", "dog"], []]), [[1, 0, 1], [0, 0, 0]])


def test_a_label_that_cannot_be_learned_is_refused() -> None:
    with pytest.raises(InputError, match="no training clip has 'wind'"):
        MultiLabel().completed([*TRAINING, ["wind"]], TRAINING)
    with pytest.raises(InputError, match="and no other label"):
        MultiLabel().completed([["dog"], []], [["dog"], []])


def test_balanced_weights_are_clips_without_over_clips_with() -> None:
    task = MultiLabel(positive_weights="balanced").completed(TRAINING, TRAINING)
    assert task.positive_weights == (pytest.approx(1 / 3), 3.0)
    np.testing.assert_allclose(task.head_targets([[]])["tag_weight"], [[1 / 3, 3.0]])
    rare = [["dog"]] + [["rain"]] * 500
    assert MultiLabel(positive_weights="balanced").completed(rare, rare).positive_weights == (
        100.0,
        pytest.approx(0.002),
    )


def test_answers_are_probabilities() -> None:
    answers = TASK.answers([["rain"]], np.array([[0.0, np.log(3.0), -800.0]]))
    np.testing.assert_allclose(answers.outputs, [[0.5, 0.75, 0.0]])
    np.testing.assert_array_equal(answers.targets, [[0, 1, 0]])


def test_score_names_every_metric_and_leaves_out_labels_without_clips() -> None:
    answers = TASK.answers([["dog"], [], ["dog", "rain"]], np.array([[2.0, -1, 3], [1.0, 1, -3], [-2.0, 0, 1]]))
    run = Predictions(["a", "b", "c"], ["a", "b", "c"], ["-"] * 3, answers.targets, answers.outputs)
    found = TASK.score(run)
    assert tuple(found) == TASK.metrics
    # dog: ranks 1 and 3 of 3: (1 + 2/3) / 2; rain: rank 2: 1/2; nobody has wind
    assert found["map"] == pytest.approx(((1 + 2 / 3) / 2 + 1 / 2) / 2)
    assert found["macro_auroc"] == pytest.approx((1 / 2 + 1 / 2) / 2)
    # dog: right 1, said 2 + 2; rain: 1 of 1 + 2; wind is named and never there
    assert found["macro_f1"] == pytest.approx((2 / 4 + 2 / 3 + 0) / 3)


def test_chance_has_the_share_of_its_label() -> None:
    rng = np.random.default_rng(0)
    targets = (rng.uniform(size=(4000, 2)) < [0.1, 0.4]).astype(float)
    constant = np.full((4000, 2), 0.3)
    np.testing.assert_allclose(tag_metrics.average_precisions(targets, constant), targets.mean(axis=0))
    np.testing.assert_allclose(tag_metrics.areas_under_roc(targets, constant), 0.5)


@pytest.mark.parametrize(
    ("value", "problem"), [("dog", "list of texts"), (["cat"], "'cat': not among"), ([1], "list of")]
)
def test_targets_that_are_no_labels(value: Any, problem: str) -> None:
    assert problem in (TASK.check_target(value) or "")
    assert TASK.check_target([]) is None


def test_weights_that_do_not_fit_the_labels() -> None:
    with pytest.raises(InputError, match="has 2 numbers for 0"):
        MultiLabel(positive_weights=(1.0, 2.0))


def f1_from(wanted: np.ndarray, scores: np.ndarray, threshold: float) -> float:
    return float(f1_score(wanted, scores >= threshold, zero_division=0.0))


@pytest.mark.parametrize("decimals", [1, 8])
def test_thresholds_have_the_best_f1_that_any_threshold_has(decimals: int) -> None:
    rng = np.random.default_rng(decimals)
    targets = (rng.uniform(size=(60, 4)) < [0.05, 0.3, 0.7, 0.3]).astype(float)
    scores = np.round(np.clip(0.2 * targets + 0.8 * rng.uniform(size=targets.shape), 0, 1), decimals)
    scores[:, 3] = 0.4
    for wanted, said, threshold in zip(
        targets.T, scores.T, tag_metrics.best_f1_thresholds(targets, scores), strict=True
    ):
        best = max(f1_from(wanted, said, each) for each in [*np.unique(said), 2.0])
        assert f1_from(wanted, said, threshold) == pytest.approx(best)
        assert threshold not in said  # it lies between clips, not at one
        higher = [each for each in np.unique(said) if each > threshold]
        assert all(f1_from(wanted, said, each) < best for each in higher[1:])  # and finds as few as it can


def test_thresholds_of_what_cannot_be_told_apart() -> None:
    np.testing.assert_array_equal(
        tag_metrics.best_f1_thresholds(np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[0.3, 0.8], [0.9, 0.6]])),
        [np.nan, 0.3],
    )
    near = np.array([[0.5], [np.nextafter(0.5, 0)]])
    assert tag_metrics.best_f1_thresholds(np.array([[1.0], [0.0]]), near) == [0.5]


def test_a_run_scores_at_its_own_thresholds() -> None:
    rng = np.random.default_rng(3)
    targets = (rng.uniform(size=(40, 3)) < [0.2, 0.5, 0.0]).astype(float)
    shares = np.clip(0.1 * targets + 0.3 * rng.uniform(size=targets.shape), 0, 1)  # nothing reaches a half
    run = Predictions([*map(str, range(40))], ["g"] * 40, ["-"] * 40, list(targets), list(shares))
    chosen = TASK.chosen_thresholds(run)
    assert chosen is not None
    assert chosen[2] == 0.5  # nobody has wind
    assert TASK.score(run)["macro_f1"] == 0.0
    at_own = replace(run, thresholds=[chosen] * 40)
    wanted = np.mean([f1_score(targets[:, label], shares[:, label] >= chosen[label]) for label in (0, 1)])
    assert TASK.score(at_own)["macro_f1"] == pytest.approx(wanted)
    assert TASK.score(at_own) | {"macro_f1": 0.0} == TASK.score(run)  # and nothing else changes
    assert MultiLabel(TASK.labels).chosen_thresholds(run) is None
    diverged = replace(run, outputs=[*shares[:39], np.full(3, np.nan)])
    assert TASK.chosen_thresholds(diverged) is None
