"""Ratings in columns of their own and in lists: numbers, and words for a missing one."""

from __future__ import annotations

from typing import Any

import pytest

from trainables.data.tables.ratings import rating, ratings_of
from trainables.data.tables.values import BadCell


@pytest.mark.parametrize(
    ("value", "found"),
    [("2.5", 2.5), (3, 3.0), (" 4 ", 4.0), *((word, None) for word in ("", "NA", "NaN", "n/a", "null", None))],
)
def test_a_rating_and_what_stands_for_none(value: Any, found: float | None) -> None:
    assert rating("valence", value) == found
    assert ratings_of("targets", [1.0, value]) == [1.0, found]


@pytest.mark.parametrize(
    ("value", "words"),
    [("good", "'valence' is 'good'; a number is wanted"), ("3/5", "'3/5'"), ("3,5", "Write 3.5 with a point")],
)
def test_a_text_is_no_rating(value: str, words: str) -> None:
    with pytest.raises(BadCell, match=words):
        rating("valence", value)
