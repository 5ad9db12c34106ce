"""Numbers in words and in digits are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from text_to_num import alpha2digit

from trainables.tasks.number_words import LANGUAGES
from trainables.tasks.texts import normalised


@pytest.mark.parametrize(
    ("language", "words", "digits", "expected"),
    [
        ("en", "Twenty-one years", "21 years", "21 years"),
        ("en", "one hundred and five", "105", "105"),
        ("en", "One thousand.", "1,000", "1000"),
        ("en", "two million", "2\u202f000\u202f000", "2000000"),
        ("en", "three point five!", "3.5", "3.5"),
        ("en", "the first", "the 1st", "the 1st"),
        ("en", "four nine", "4 9", "4 9"),
        ("en", "it's seven", "its 7.", "its 7"),
        ("de", "Dreißig", "30", "30"),
        ("de", "eintausend", "1.000", "1000"),
        ("de", "drei Komma fünf", "3,5", "3.5"),
        ("fr", "quatre-vingt-dix-sept", "97", "97"),
        ("es", "veintiuno", "21", "21"),
    ],
)
def test_words_and_digits(language: str, words: str, digits: str, expected: str) -> None:
    assert normalised(words, "numbers", language) == expected
    assert normalised(digits, "numbers", language) == expected
    assert normalised(expected, "numbers", language) == expected


def test_four_nine_is_not_forty_nine() -> None:
    assert normalised("four nine", "numbers") != normalised("forty-nine", "numbers")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_library_knows_the_languages(language: str) -> None:
    assert alpha2digit("", language) == ""


def test_the_library_knows_no_other_language() -> None:
    with pytest.raises(ValueError, match="unsupported"):
        normalised("двадцать", "numbers", "ru")


@given(st.text(), st.sampled_from(LANGUAGES))
def test_any_text_can_be_read(text: str, language: str) -> None:
    assert normalised(text, "numbers", language) == " ".join(normalised(text, "numbers", language).split())
