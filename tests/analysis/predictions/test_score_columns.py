"""Scores by the names of other programs: what is read, what is left alone, and that the words say which."""

from pathlib import Path

import numpy as np
import pytest

from analysis.predictions.files import read_file
from analysis.predictions.score_columns import with_scores

ANSWERS = {"example_id": ["1", "2", "3"], "target": ["cat", "dog", "cat"], "output": ["cat", "dog", "dog"]}
CAT, DOG = ["0.9", "0.2", "0.4"], ["0.1", "0.8", "0.6"]


@pytest.mark.parametrize(
    "pattern",
    ["prob_{}", "proba_{}", "p_{}", "P({})", "logit.{}", "log_prob {}", "Probability_{}", "scores-{}", "conf:{}", "{}"],
)
def test_columns_of_scores_are_known(pattern: str) -> None:
    names = [pattern.format(label) for label in ("cat", "dog")]
    found, notes = with_scores("a.csv", ANSWERS | dict(zip(names, (CAT, DOG), strict=True)))
    assert (found["score/cat"], found["score/dog"]) == (CAT, DOG)
    assert notes == [f"a.csv: 2 columns were read as scores of the classes, such as {names[0]!r}."]


def test_a_class_that_no_clip_has_keeps_its_column() -> None:
    found, _ = with_scores("a.csv", {**ANSWERS, "p_cat": CAT, "p_dog": DOG, "p_owl": ["0", "0", "0"]})
    assert "score/owl" in found


@pytest.mark.parametrize(
    "others",
    [
        {"p_cat": CAT},  # a label lacks its column
        {"p_cat": CAT, "p_dog": ["high", "low", "low"]},  # no numbers
        {"p_cat": CAT, "p_dog": ["0.1", "nan", "0.6"]},
        {"p_value": CAT, "seconds": DOG},
    ],
)
def test_other_columns_are_left_alone(others: dict[str, list[str]]) -> None:
    columns = {**ANSWERS, **others}
    assert with_scores("a.csv", columns) == (columns, [])


def test_ours_are_taken_before_any_other() -> None:
    columns = {**ANSWERS, "score/cat": CAT, "score/dog": DOG, "p_cat": DOG, "p_dog": CAT}
    assert with_scores("a.csv", columns) == (columns, [])


def test_bare_labels_that_are_no_probabilities_are_not_read_and_it_is_said() -> None:
    columns = {**ANSWERS, "cat": ["3", "1", "2"], "dog": ["-1", "2", "0"]}
    found, notes = with_scores("a.csv", columns)
    assert found == columns
    assert "were not read. Call them score/LABEL" in notes[0]


def test_ratings_have_no_labels() -> None:
    columns = {"example_id": ["1", "2"], "target": [0.5, 0.25], "output": [0.4, 0.2], "p_0.5": ["1", "0"]}
    assert with_scores("a.csv", columns) == (columns, [])


def test_a_file_with_them_has_a_loss_and_a_ranking(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,y_true,y_pred,p_0,p_1\na,0,0,0.9,0.1\nb,1,1,0.3,0.7\nc,1,0,0.6,0.4\n")
    answers = read_file(path)
    run = answers.runs[0]
    assert run.classes == ("0", "1")
    assert run.scores is not None
    np.testing.assert_allclose(run.scores, [[0.9, 0.1], [0.3, 0.7], [0.6, 0.4]])
    assert any("2 columns were read as scores" in note for note in answers.notes)
