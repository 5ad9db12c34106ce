"""Labels as a sweep file gives them, and the metrics of answers that are labels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trainables.errors import InputError
from trainables.records import Predictions
from trainables.tasks.labels import METRICS, label_answers, label_metrics, label_problems, target_problem


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (("dog",), "at least two"),
        (("dog", " "), "empty label"),
        (("dog", "cat "), "white space"),
        (("dog", "cat", "dog"), "repeats ['dog']"),
    ],
)
def test_each_rule_has_its_sentence(labels: tuple[str, ...], said: str) -> None:
    (problem,) = label_problems(labels)
    assert said in problem
    assert not label_problems(("dog", "cat"))


def test_what_yaml_does_not_read_as_text_is_refused() -> None:
    for labels in ("dog", [True, False], [1, 2]):
        with pytest.raises(InputError, match="list of texts"):
            label_problems(labels)


def test_a_target_outside_the_labels() -> None:
    assert target_problem(("dog", "cat"), "dog") is None
    assert "'cow' is not one of task.labels (dog, cat)" in str(target_problem(("dog", "cat"), "cow"))
    many = tuple(f"sound of {number:03d}" for number in range(527))
    said = str(target_problem(many, "sound off 040"))
    assert said.startswith("label 'sound off 040' is not one of task.labels (sound of 000, sound of 001, ")
    assert said.endswith("sound of 011 and 515 more; did you mean 'sound of 040'?)")


def test_the_highest_score_is_the_answer_and_the_first_on_a_tie() -> None:
    answers = label_answers(("a", "b", "c"), ["a", "c"], [[0.0, 1.0, 1.0], [0.0, 0.0, 2.0]])
    assert answers.outputs == ["b", "c"]
    assert answers.classes == ("a", "b", "c")


def test_metrics_of_a_case_counted_by_hand() -> None:
    scores = np.log([[0.5, 0.5], [0.25, 0.75], [0.25, 0.75], [0.75, 0.25]])
    answers = label_answers(("a", "b"), ["a", "a", "b", "b"], scores)
    names = ["1", "2", "3", "4"]
    found = label_metrics(
        Predictions(
            names, names, names, answers.targets, answers.outputs, scores=answers.scores, classes=answers.classes
        )
    )
    assert set(found) == set(METRICS)
    assert found["accuracy"] == found["balanced_accuracy"] == 0.5  # a b b a against a a b b
    assert found["macro_f1"] == pytest.approx(0.5)
    assert found["loss"] == pytest.approx(-(math.log(0.5) + math.log(0.25) + math.log(0.75) + math.log(0.25)) / 4)
