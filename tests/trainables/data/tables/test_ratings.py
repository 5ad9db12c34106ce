"""Ratings in columns of their own and in lists: numbers, and words for a missing one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainables.data.reading import Reading
from trainables.data.tables.ratings import rating, ratings_of
from trainables.data.tables.values import BadCell
from trainables.errors import InputError


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


@pytest.mark.parametrize("written", [list, str])
def test_lists_of_several_lengths_are_one_problem_with_its_rows(
    lay: Callable[..., Path], read_source: Callable[..., Reading], written: Callable[[list[float]], object]
) -> None:
    ratings = [[1.0, 2.0], [1.5, 2.0], [1.0], [2.0, 2.5], [1.0, 2.0, 3.0]]
    rows = [json.dumps({"audio": f"{n}.wav", "targets": written(of)}) for n, of in enumerate(ratings)]
    folder = lay([f"{n}.wav" for n in range(5)], {"t.jsonl": "\n".join(rows)})
    with pytest.raises(InputError) as caught:
        read_source(folder / "t.jsonl", "targets")
    (said,) = caught.value.problems
    assert said.startswith(
        "t.jsonl line 3, t.jsonl line 5: the list of ratings has not the length 2, as in 3 of 5 rows"
    )
    assert "but 1 (1 rows), 3 (1 rows)" in said
    assert len(read_source(folder / "t.jsonl", "targets", skip=2).examples) == 3
