"""Free answers: their options, and what they are scored by."""

import pytest

from trainables.errors import InputError
from trainables.records import Predictions
from trainables.tasks.answering import Answering

TASK = Answering(prompt="What is heard?")


def predictions(*pairs: tuple[str, str]) -> Predictions:
    ids = [f"clip{index}" for index in range(len(pairs))]
    found = TASK.answers([target for target, _ in pairs], [output for _, output in pairs])
    return Predictions(ids, ids, ["-"] * len(pairs), **vars(found))


def test_scores_by_hand() -> None:
    said = predictions(("A dog barks.", "a dog barks"), ("Rain falls", "rain and wind"))
    assert said.targets == ["a dog barks", "rain falls"]
    found = TASK.score(said)
    assert found["exact_match"] == 0.5
    assert found["token_f1"] == found["rouge_l"] == pytest.approx((1 + 2 / 5) / 2)
    assert found["wer"] == pytest.approx(2 / 5)
    assert found["loss"] == pytest.approx(1 - found["token_f1"])
    assert set(found) == set(TASK.metrics)


def test_no_word_error_rate_where_no_word_is_wanted() -> None:
    found = TASK.score(predictions(("", ""), ("", "oh")))
    assert "wer" not in found
    assert found["exact_match"] == 0.5


def test_every_problem_is_said_at_once() -> None:
    with pytest.raises(InputError) as error:
        Answering(prompt=" ", normalise="loud", language="English")
    assert len(error.value.problems) == 3
    assert "task.prompt must be a question, not ' '." in error.value.problems


def test_clips_of_any_length_and_any_text_with_a_word() -> None:
    assert TASK.usable_seconds(30.0) == (0.0, float("inf"))
    assert TASK.check_target("yes") is None
    assert "holds no word" in str(TASK.check_target("?!"))
    assert TASK.scored_as == "basic"
