"""Label scoring: the most probable label is the answer."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from trainables import registry
from trainables.errors import InputError
from trainables.records import Predictions
from trainables.tasks.label_scoring import LabelScoring

TASK = LabelScoring(("YES", "NO", "MAYBE"), "Is it?")


def test_the_most_probable_label_is_the_answer() -> None:
    scores = np.array([[-1.0, -2.0, -3.0], [-9.0, -9.0, -0.5]])
    answers = TASK.answers(["YES", "NO"], scores)
    assert (answers.targets, answers.outputs) == (["YES", "NO"], ["YES", "MAYBE"])
    assert answers.classes == TASK.labels
    np.testing.assert_array_equal(answers.scores, scores)


def test_score_names_every_metric() -> None:
    scores = np.log(np.array([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6]]))
    answers = TASK.answers(["YES", "NO"], scores)
    result = TASK.score(Predictions(["x", "y"], ["g", "h"], ["-", "-"], **vars(answers)))
    assert tuple(result) == TASK.metrics
    assert result["accuracy"] == 0.5
    assert result["loss"] == pytest.approx(-(np.log(0.5) + np.log(0.2)) / 2)


def test_targets_must_be_labels() -> None:
    assert TASK.check_target("NO") is None
    assert "'no'" in str(TASK.check_target("no"))
    assert TASK.check_target(1) is not None


@pytest.mark.parametrize(
    ("labels", "prompt", "problems"),
    [
        (("YES",), "?", ["at least two"]),
        (("YES", "YES"), "?", ["repeats ['YES']"]),
        (("YES", " "), "?", ["empty"]),
        (("YES", "NO "), "?", ["white space"]),
        (("YES", "NO"), "  ", ["task.prompt"]),
        ("YESNO", "?", ["list of texts"]),
        ((True, False), "?", ["list of texts"]),
        (("A", "A", ""), "", ["empty", "repeats", "task.prompt"]),
    ],
)
def test_every_problem_is_reported_at_once(labels: object, prompt: str, problems: list[str]) -> None:
    with pytest.raises(InputError) as error:
        LabelScoring(labels, prompt)  # type: ignore[arg-type]
    assert len(error.value.problems) == len(problems)
    for part, problem in zip(problems, error.value.problems, strict=True):
        assert part in problem


def test_a_list_from_yaml_becomes_a_tuple() -> None:
    task = registry.task("label_scoring", {"labels": ["A", "B"], "prompt": "?"})
    assert isinstance(task, LabelScoring)
    assert task.labels == ("A", "B")
    assert {field.name for field in dataclasses.fields(task)} == {"labels", "prompt"}


def test_loads_no_torch() -> None:
    code = "import sys, trainables.tasks.label_scoring, trainables.tasks.metrics; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
