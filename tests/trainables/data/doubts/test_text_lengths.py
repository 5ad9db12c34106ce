"""Texts are measured with the tokenizer that a sweep will have, before any compute."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trainables.data.doubts.text_lengths import answer_length, hurried, too_long
from trainables.data.examples import AudioPiece, Example
from trainables.data.reading import Account
from trainables.writing import Spelling, TextLimits, Writer

FIXED, BY_LENGTH = TextLimits(124, answer_tokens=64), TextLimits(511, answer_tokens_per_second=30.0)


def spelling(limits: TextLimits, miniature: bool = True) -> Spelling:
    writer = Writer(limits, limits, (), ("en",), told_language=False)
    return Spelling("it", writer, miniature, lambda texts: [len(text.encode()) for text in texts], frozenset())


def examples(*texts: str) -> list[Example]:
    return [Example(f"c{n}", (AudioPiece(f"/c{n}"),), f"c{n}", text) for n, text in enumerate(texts)]


def test_texts_longer_than_the_decoder_are_left_out_with_their_tokens() -> None:
    account = Account()
    given = examples("\u0915" * 41, "\u0915" * 42, "one")
    assert too_long(given, [spelling(FIXED)], account) == {"c1"}
    assert [row.where for row in account.left_out] == ["c1 (126 tokens)"]
    assert "more tokens than the 124 that the miniature of it writes" in account.left_out[0].problem
    assert "data.skip" in account.left_out[0].problem


def test_questions_longer_than_that_are_left_out_too() -> None:
    account = Account()
    first, second = examples("yes", "no")
    given = [replace(first, question="q" * 125), replace(second, question="q" * 124)]
    assert too_long(given, [spelling(FIXED)], account) == {"c0"}
    assert [row.where for row in account.left_out] == ["c0 (125 tokens)"]
    assert "its question has more tokens than the 124" in account.left_out[0].problem


def test_a_tokenizer_that_is_not_at_hand_is_said() -> None:
    account = Account()
    assert too_long(examples("x" * 1000), [replace(spelling(FIXED, miniature=False), count=None)], account) == set()
    assert "tokenizer is not at hand" in account.advice[0]
    assert answer_length([(examples("x" * 1000), [1.0])], [replace(spelling(FIXED), count=None)]) == (1.0, 0)


@pytest.mark.parametrize(("limits", "seconds"), [(FIXED, 3.0), (BY_LENGTH, 2.9), (BY_LENGTH, 0.01)])
@pytest.mark.parametrize("tokens", [1, 64, 65, 87, 88, 104, 124])
def test_an_answer_may_be_as_long_as_the_longest_text(limits: TextLimits, seconds: float, tokens: int) -> None:
    scale, longer = answer_length([(examples("x" * tokens), [seconds])], [spelling(limits)])
    assert limits.of_answer(seconds, scale) >= tokens
    assert longer == (tokens > limits.of_answer(seconds))
    assert (scale == 1.0) == (longer == 0)


def test_further_test_data_count_too() -> None:
    both = [(examples("one"), [3.0]), (examples("x" * 80, "y" * 100), [3.0, 3.0])]
    scale, longer = answer_length(both, [spelling(FIXED)])
    assert longer == 2
    assert scale == pytest.approx(1.1 * 100 / 64, abs=0.01)


def test_texts_that_nobody_says_in_their_clips() -> None:
    given = examples("one two three", "x" * 101)
    (sentence,) = hurried(given, [1.0, 2.5])
    assert sentence.startswith("1 texts are longer than anyone says in their clips (c1: 101 characters in 2.5 s)")
    assert hurried(given, [1.0, 3.0]) == []
