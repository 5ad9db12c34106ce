"""A classification: labels and weights from the data, the highest logit is the answer."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from trainables import registry
from trainables.errors import InputError
from trainables.records import Predictions
from trainables.tasks.classification import Classification

TASK = Classification(("bell", "drum", "horn"))


def test_the_highest_logit_is_the_answer() -> None:
    logits = np.array([[3.0, -2.0, 1.0], [0.0, 0.0, 5.0]])
    answers = TASK.answers(["bell", "drum"], logits)
    assert (answers.targets, answers.outputs) == (["bell", "drum"], ["bell", "horn"])
    assert answers.classes == TASK.labels
    np.testing.assert_array_equal(answers.scores, logits)


def test_score_names_every_metric_and_counts_a_class_that_only_the_model_names() -> None:
    logits = np.array([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]])
    answers = TASK.answers(["bell", "drum", "drum"], logits)
    result = TASK.score(Predictions(["x", "y", "z"], ["g"] * 3, ["-"] * 3, **vars(answers)))
    assert tuple(result) == TASK.metrics
    # bell 1; drum: precision 1, recall 1/2; horn has no sample, and an F1 of 0
    assert result["macro_f1"] == pytest.approx((1 + 2 / 3) / 3)
    hit, missed = 3 - np.log(np.exp(3) + 2), -np.log(np.exp(3) + 2)
    assert result["loss"] == pytest.approx(-(2 * hit + missed) / 3)


def test_labels_come_from_the_data_in_sorted_order() -> None:
    task = Classification().completed(["horn", "bell", "horn"], ["horn"])
    assert task == Classification(("bell", "horn"))
    assert TASK.completed(["horn"], ["horn"]) == TASK
    with pytest.raises(InputError, match="every example is 'horn'"):
        Classification().completed(["horn", "horn"], ["horn"])


def test_balanced_weights_give_every_class_the_same_say() -> None:
    training = ["bell"] * 6 + ["drum"] * 2
    task = Classification(TASK.labels, "balanced").completed([*training, "horn"], training)
    weights = task.weights_of(training)
    assert weights is not None
    assert np.mean(weights) == pytest.approx(1.0)
    assert sum(weights[:6]) == pytest.approx(sum(weights[6:]))
    assert task.weights_of(["horn"]) == [1.0]  # absent from training: of no consequence
    assert TASK.weights_of(training) is None
    with pytest.raises(ValueError, match="completed"):
        Classification(TASK.labels, "balanced").weights_of(training)


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ({"labels": ["one"]}, ["at least two"]),
        ({"labels": ["one", "one", ""]}, ["empty", "repeats"]),
        ({"labels": "bell"}, ["list of texts"]),
        ({"labels": ["a", "b"], "class_weights": [1.0]}, ["1 numbers for 2"]),
        ({"labels": ["a", "b"], "class_weights": [1.0, -1.0]}, ["above 0"]),
        ({"labels": ["a", "b"], "class_weights": "even"}, ["balanced"]),
        ({"labels": ["a", "a"], "class_weights": [1, 2, 3]}, ["repeats", "3 numbers for 2"]),
    ],
)
def test_every_problem_is_reported_at_once(options: dict[str, Any], problems: list[str]) -> None:
    with pytest.raises(InputError) as error:
        registry.task("classification", options)
    assert len(error.value.problems) == len(problems)
    for part, problem in zip(problems, error.value.problems, strict=True):
        assert part in problem


def test_targets_must_be_labels() -> None:
    assert TASK.check_target("drum") is None
    assert "'Drum'" in str(TASK.check_target("Drum"))
    assert Classification().check_target("anything") is None
    assert Classification().check_target("  ") is not None


def test_loads_no_torch() -> None:
    code = "import sys, trainables.tasks.classification, trainables.tasks.metrics; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
