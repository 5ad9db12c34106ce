"""Rows that name one stretch of sound."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trainables.data.tables.test_columns import read


def left_out(rows: list[dict[str, Any]], **columns: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Ids that stay, and place and problem of the rest."""
    examples, account = read(rows, columns=columns)
    return [example.id for example in examples], [(row.where, row.problem) for row in account.left_out]


def test_votes_of_several_listeners() -> None:
    rows = [{"audio": f"c{n}.wav", "label": label} for n in range(3) for label in ("dog", "dog", "cat")]
    stay, gone = left_out([*rows, {"audio": "d.wav", "label": "dog"}])
    assert stay == ["d.wav"]
    assert len(gone) == 9
    (problem,) = {problem for _, problem in gone}
    assert problem.startswith(
        "3 rows name the same stretch of c0.wav, with different answers (dog, cat); write one row"
    )


def test_of_equal_rows_one_stays() -> None:
    stay, gone = left_out([{"audio": "a.wav", "label": "x"}] * 3)
    assert stay == ["a.wav"]
    assert gone == [
        (f"row {n}", "3 rows name the same stretch of a.wav, and say the same of it; keep one of them.") for n in (2, 3)
    ]


def test_a_column_of_time_that_is_not_read_is_asked_for() -> None:
    rows = [{"audio": "a.wav", "label": "x", "onset": n} for n in range(3)]
    _, gone = left_out(rows, start_seconds="")
    assert gone[0][1] == (
        "3 rows name the same stretch of a.wav; is onset its time? Say so: `data.columns: {start_seconds: onset}`."
    )


@pytest.mark.parametrize("other", [{"start_seconds": 1}, {"channel": 1}, {"audio": "b.wav"}, {"seconds": 0.5}])
def test_another_stretch_is_another_clip(other: dict[str, Any]) -> None:
    rows = [
        {"audio": "a.wav", "label": "x", "start_seconds": 0, "channel": 0, "seconds": 1} | part for part in ({}, other)
    ]
    stay, gone = left_out(rows)
    assert len(set(stay)) == 2
    assert not gone


def test_a_table_with_ids_may_ask_several_things_of_a_clip() -> None:
    rows = [{"audio": "a.wav", "label": label, "id": label} for label in ("x", "y")]
    assert left_out(rows) == (["x", "y"], [])


def test_embedded_sound_under_two_names_is_two_clips() -> None:
    """Copies: they stay on one side of every split."""
    audio = {"path": "/cache/embedded/ab/abcd.wav", "written": "one-abcd"}
    rows = [{"audio": audio, "label": "x"}, {"audio": audio | {"written": "two-abcd"}, "label": "y"}]
    assert left_out(rows) == (["one-abcd", "two-abcd"], [])
    assert len(left_out([rows[0], rows[0]])[1]) == 1
