"""Ratings: scales from the training clips, missing ones left out, answers in the data's own units."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trainables.errors import InputError
from trainables.records import Predictions
from trainables.tasks.regression import Regression

TRAINING = [[1.0, 10.0], [3.0, 30.0], [5.0, None]]


@pytest.fixture
def task() -> Regression:
    return Regression(names=("valence", "arousal")).completed([*TRAINING, [100.0, 100.0]], TRAINING)


def test_scales_are_of_the_training_clips_alone(task: Regression) -> None:
    assert task.centre == (3.0, 20.0)
    assert task.spread == (pytest.approx(np.std([1, 3, 5])), 10.0)
    assert task.head_outputs == 2
    assert Regression().completed(TRAINING, TRAINING).names == ("rating-1", "rating-2")
    assert task.completed(TRAINING, TRAINING[:2]) == task  # what a sweep has settled stays


def test_answers_are_in_the_datas_own_units(task: Regression) -> None:
    answers = task.answers([[1.0, None]], np.array([[0.0, -1.0]], dtype=np.float32))
    np.testing.assert_allclose(answers.outputs, [[3.0, 10.0]])
    np.testing.assert_array_equal(answers.targets, [[1.0, np.nan]])
    assert (answers.classes, answers.scores) == ((), None)


def test_head_targets_weigh_what_is_rated(task: Regression) -> None:
    batch = task.head_targets([[3.0, 30.0], [5.0, None]])
    np.testing.assert_allclose(batch["rating"], [[0.0, 1.0], [2.0 / task.spread[0], 0.0]], rtol=1e-6)
    np.testing.assert_allclose(batch["rating_weight"], [[0.5, 0.5], [1.0, 0.0]])
    weighted = Regression(target_weights=(3.0, 1.0)).completed(TRAINING, TRAINING)
    np.testing.assert_allclose(weighted.head_targets([[3.0, 30.0]])["rating_weight"], [[0.75, 0.25]])


@pytest.mark.parametrize(
    ("loss", "of"),
    [
        ("mse", lambda e: e**2),
        ("mae", abs),
        ("huber", lambda e: np.where(abs(e) <= 1, e**2 / 2, abs(e) - 0.5)),
    ],
)
def test_the_loss_is_that_of_training_in_spreads(loss: str, of: Any) -> None:
    task = Regression(loss=loss).completed(TRAINING, TRAINING)
    targets, outputs = np.array([[1.0, 10.0], [3.0, np.nan]]), np.array([[1.5, 45.0], [9.0, 0.0]])
    errors = (outputs - targets) / np.array(task.spread)
    wanted = np.mean([np.mean(of(errors[0])), of(errors[1, 0])])
    run = Predictions(["a", "b"], ["a", "b"], ["-", "-"], list(targets), list(outputs))
    assert task.score(run)["loss"] == pytest.approx(wanted, rel=1e-5)


def test_score_names_every_metric_and_those_of_every_rating(task: Regression) -> None:
    rng = np.random.default_rng(0)
    targets = rng.normal(size=(30, 2))
    run = Predictions([*map(str, range(30))], ["g"] * 30, ["-"] * 30, list(targets), list(targets + rng.normal(size=2)))
    found = task.score(run)
    assert tuple(found)[: len(task.metrics)] == task.metrics
    assert found["pearson/valence"] == pytest.approx(1.0)
    assert found["mae"] == pytest.approx((found["mae/valence"] + found["mae/arousal"]) / 2)
    alone = Regression().completed([[1.0], [2.0]], [[1.0], [2.0]])
    one = Predictions(["a", "b"], ["a", "b"], ["-", "-"], [[1.0], [2.0]], [[1.0], [3.0]])
    assert tuple(alone.score(one)) == alone.metrics


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("3.5", "list of numbers"),
        ([], "list of numbers"),
        ([None, None], "every rating is missing"),
        ([1.0, float("inf")], "finite numbers"),
        ([1.0], "1 ratings, and task.names names 2"),
    ],
)
def test_targets_that_are_no_ratings(task: Regression, value: Any, problem: str) -> None:
    assert problem in (task.check_target(value) or "")
    assert task.check_target([1.0, None]) is None


@pytest.mark.parametrize(
    ("targets", "training", "problem"),
    [
        ([[1.0], [1.0, 2.0], [3.0]], [[1.0], [3.0]], "2 clips have 1, 1 clips have 2"),
        ([[1.0, 2.0], [1.0, 3.0]], [[1.0, 2.0], [1.0, 3.0]], "'rating-1' is 1 in all 2 training clips"),
        (
            [[1.0, None], [2.0, None], [2.0, 4.0]],
            [[1.0, None], [2.0, None]],
            "no training clip has the rating 'rating-2'",
        ),
    ],
)
def test_data_that_cannot_be_learned_from(targets: Any, training: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        Regression().completed(targets, training)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"names": ("a", "b"), "target_weights": (1.0,)}, "task.names has 2, task.target_weights has 1"),
        ({"names": ("a", "a")}, "repeats a name"),
    ],
)
def test_options_that_contradict_each_other(options: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        Regression(**options)


def test_names_that_do_not_fit_the_data() -> None:
    with pytest.raises(InputError, match=r"task\.names has 1 entries, and clips have 2 ratings"):
        Regression(names=("valence",)).completed(TRAINING, TRAINING)
