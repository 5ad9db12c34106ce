"""Texts as strings of one character a word: equal words are equal characters, in every text."""

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

from trainables.tasks import word_codes
from trainables.tasks.texts import words
from trainables.tasks.word_codes import comparable


def random_texts(rng: np.random.Generator, count: int, vocabulary: int) -> list[str]:
    return [" ".join(f"w{n}" for n in rng.integers(0, vocabulary, rng.integers(0, 9))) for _ in range(count)]


def test_edits_are_those_of_the_words() -> None:
    rng = np.random.default_rng(0)
    first, second = random_texts(rng, 200, 12), random_texts(rng, 200, 12)
    for a, b, x, y in zip(first, second, *comparable(first, second), strict=True):
        assert len(x) == len(words(a))
        assert Levenshtein.distance(x, y) == Levenshtein.distance(words(a), words(b))
        assert Levenshtein.editops(x, y).as_list() == Levenshtein.editops(words(a), words(b)).as_list()


def test_no_word_is_half_a_character() -> None:
    (found,) = comparable([" ".join(f"n{number}" for number in range(70_000))])
    assert len(set(found[0])) == len(found[0]) == 70_000
    assert found[0].encode("utf-8")


def test_more_words_than_characters_are_lists(monkeypatch) -> None:
    monkeypatch.setattr(word_codes, "MOST", 3)
    monkeypatch.setattr(word_codes, "_CODES", word_codes._Codes())
    monkeypatch.setattr(word_codes, "_KEPT", ())
    assert comparable(["a b", "c d"], ["a"]) == ([["a", "b"], ["c", "d"]], [["a"]])


@pytest.mark.parametrize("odd", ["", " ", "\0", "a \0 b", "e\u0301 x", "\u0301y", "a\u2028b"])
def test_texts_cut_together_are_cut_as_each_alone(odd: str, monkeypatch) -> None:
    texts = ["a b", odd, "", "b  a", "\u00e9 x", odd]
    (together,) = comparable(texts)
    monkeypatch.setattr(word_codes, "_KEPT", ())
    alone = [comparable([text])[0][0] for text in texts]
    assert together == alone
    assert [len(codes) for codes in together] == [len(words(text)) for text in texts]


def test_what_is_kept_has_an_end_and_follows_a_change(monkeypatch) -> None:
    monkeypatch.setattr(word_codes, "_KEPT", ())
    column = ["a b", "b"]
    (first,) = comparable(column)
    assert comparable(list(column))[0] is first
    column[0] = "b"
    assert comparable(column)[0] == [first[1], first[1]]
    for number in range(20):
        comparable([f"c{number}"])
    assert len(word_codes._KEPT) == word_codes.COLUMNS_KEPT
    assert comparable(["a b", "b"])[0] == first
