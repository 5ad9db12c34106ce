"""The scale of an axis, from the file that opened it."""

from __future__ import annotations

import pytest

from analysis.record.axes import axis_scales


@pytest.mark.parametrize(
    ("said", "scale"),
    [
        ("{log_uniform: [1.0e-5, 1.0e-3]}", "log"),
        ("{uniform: [0.0, 0.1], when: {rank: [16]}}", "linear"),
        ("{int: [1, 8]}", "linear"),
        ("{log_int: [4, 64]}", "log"),
        ("{choice: [4, 8, 16, 32, 64]}", "log"),
        ("{choice: [0, 2, 4]}", "linear"),
        ("{choice: [1, 2, 4]}", "linear"),
        ("{choice: [qv, attention]}", "choice"),
        ("{choice: [null, 4]}", "choice"),
        ("[{choice: [a], when: {b: [1]}}, {choice: [c], when: {b: [2]}}]", "choice"),
    ],
)
def test_scales(said: str, scale: str) -> None:
    assert axis_scales(f"name: a\nsearch:\n  x: {said}\n  fixed: 7b\n") == {"x": scale}


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "search: 3", "name: a"])
def test_what_is_no_sweep_file_says_nothing(text: str) -> None:
    assert axis_scales(text) == {}
