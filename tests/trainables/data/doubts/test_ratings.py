"""Missing ratings and those that never vary are said with their counts."""

from __future__ import annotations

import pytest

from trainables.data.doubts.ratings import rating_doubts
from trainables.data.examples import Example


def test_what_is_said() -> None:
    targets = {"a": [1.0, 2.0], "b": [2.0, None], "c": [3.0, 5.0], "d": [4.0, 5.0], "e": [1.0, None]}
    examples = [Example(name, (), name, ratings) for name, ratings in targets.items()]
    splits = {"a": "train", "b": "train", "c": "validation", "d": "validation", "e": "test"}
    found = rating_doubts(examples, splits, ("valence", "arousal"))
    assert found == [
        "The rating 'valence' is 1 in all test clips that have it: no correlation is defined there, and it is left out "
        "of the mean.",
        "The rating 'arousal' is missing in 2 of 5 clips: they have no part in its loss and score.",
        "The rating 'arousal' is 5 in all validation clips that have it: no correlation is defined there, and it is "
        "left out of the mean.",
        "No test clip has the rating 'arousal': it is left out of the mean there.",
    ]


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        ([-1, 1, 2, 3, 5, -1], "-1 in 2 clips"),
        ([999, 1.5, 2, 3, 5], "999 in 1 clip"),
        ([-99, 10, 40, 60], "-99 in 1 clip"),
        ([-1, -0.5, 0.5, 1], None),  # a scale from -1 to 1
        ([-1, 0.0, 0.5, 1], None),
        ([99, 80, 20, 60, 100], None),
        ([1, 2, 3], None),
    ],
)
def test_marks_of_a_missing_rating(values: list[float], mark: str | None) -> None:
    clips = [Example(f"c{n}", (), "", [float(value)]) for n, value in enumerate(values)]
    splits = {each.id: ("train", "validation", "test")[n % 3] for n, each in enumerate(clips)}
    found = [said for said in rating_doubts(clips, splits, ["calm"]) if "mark" in said]
    assert (mark is None and not found) or (mark is not None and mark in found[0])
