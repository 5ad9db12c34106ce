"""Clips that a task can use by their length."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from trainables.data.examples import AudioPiece, Example
from trainables.data.lengths import of_length
from trainables.errors import InputError


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    """Of 1, 2, 3 and 4 seconds."""
    made = []
    for seconds in range(1, 5):
        soundfile.write(tmp_path / f"{seconds}.wav", [0.1] * 8000 * seconds, 8000)
        made.append(Example(str(seconds), (AudioPiece(str(tmp_path / f"{seconds}.wav")),), "g", "text"))
    return made


def test_bounds_belong_to_what_is_kept(examples: list[Example]) -> None:
    kept = of_length(examples, shortest_seconds=2.0, longest_seconds=3.0, window_seconds=30.0)
    assert [example.id for example in kept] == ["2", "3"]


def test_where_none_is_left_the_error_says_how_long_they_are(examples: list[Example]) -> None:
    with pytest.raises(InputError, match=r"none of 4 clips lasts 5 to 30 s .* they last 1 to 4 s"):
        of_length(examples, shortest_seconds=5.0, longest_seconds=30.0, window_seconds=30.0)
