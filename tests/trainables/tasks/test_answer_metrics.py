"""Scores of free answers: closed forms, and properties that the definitions promise."""

import random

import pytest

from trainables.tasks.answer_metrics import exact_match, mean_over, rouge_l, token_f1

WORDS = ("a", "dog", "barks", "in", "the", "rain")


def pairs(count: int = 200) -> list[tuple[str, str]]:
    rng = random.Random(3)
    return [
        (" ".join(rng.choices(WORDS, k=rng.randint(0, 7))), " ".join(rng.choices(WORDS, k=rng.randint(0, 7))))
        for _ in range(count)
    ]


def test_token_f1_is_of_bags_and_rouge_l_of_sequences() -> None:
    # 3 of 4 words wanted, 3 of 3 said: P = 1, R = 3/4
    assert token_f1("a dog barks loudly", "loudly barks dog") == pytest.approx(2 * 1 * 0.75 / 1.75)
    assert rouge_l("a dog barks loudly", "loudly barks dog") == pytest.approx(2 * 1 / 7)  # one word in order
    # Lin 2004, section 3.1: both share "police killed the gunman" words; S2 keeps their order, S3 does not
    assert rouge_l("police killed the gunman", "police kill the gunman") == pytest.approx(3 / 4)
    assert rouge_l("police killed the gunman", "the gunman kill police") == pytest.approx(2 / 4)
    assert token_f1("the the cat", "the the the") == pytest.approx(2 * 2 / 6)  # a word counts as often as in both


def lcs(first: list[str], second: list[str]) -> int:
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


@pytest.mark.parametrize(("target", "output"), pairs())
def test_rouge_l_is_the_textbook_recurrence(target: str, output: str) -> None:
    wanted, said = target.split(), output.split()
    if not wanted and not said:
        assert rouge_l(target, output) == 1.0
        return
    found = lcs(wanted, said)
    precision, recall = found / max(1, len(said)), found / max(1, len(wanted))
    expected = 2 * precision * recall / (precision + recall) if found else 0.0
    assert rouge_l(target, output) == pytest.approx(expected)


@pytest.mark.parametrize(("target", "output"), pairs(60))
def test_each_is_symmetric_and_no_stricter_than_the_next(target: str, output: str) -> None:
    for score in (token_f1, rouge_l, exact_match):
        assert score(target, output) == score(output, target)
        assert score(target, target) == 1.0
    assert 0 <= exact_match(target, output) <= rouge_l(target, output) <= token_f1(target, output) <= 1


def test_empty_answers() -> None:
    assert token_f1("", "") == rouge_l("", "") == 1.0
    assert token_f1("dog", "") == rouge_l("dog", "") == token_f1("", "dog") == 0.0
    assert mean_over(token_f1, ["dog", ""], ["dog", "cat"]) == 0.5
