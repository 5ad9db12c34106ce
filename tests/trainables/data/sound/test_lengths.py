"""Clips that a task can use by their length."""

from __future__ import annotations

import pytest

from trainables.data.sound.lengths import of_length
from trainables.errors import InputError

SECONDS = (1.0, 2.0, 3.0005, 4.0)


def test_bounds_belong_to_what_is_kept_and_lengths_are_rounded() -> None:
    kept = of_length(SECONDS, shortest_seconds=2.0, longest_seconds=3.0, window_seconds=30.0)
    assert kept == [False, True, True, False]


def test_where_none_is_left_the_error_says_how_long_they_are() -> None:
    with pytest.raises(InputError, match=r"none of 4 clips lasts 5 to 30 s .* they last 1 to 4 s"):
        of_length(SECONDS, shortest_seconds=5.0, longest_seconds=30.0, window_seconds=30.0)
