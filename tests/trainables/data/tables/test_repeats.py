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


def test_one_label_a_row_is_one_clip_of_several_labels() -> None:
    pairs = [("a.wav", "dog"), ("a.wav", "rain"), ("b.wav", "cat"), ("./a.wav", "rain")]
    examples, account = read([{"audio": name, "labels": label} for name, label in pairs], "labels")
    assert [(example.id, example.target) for example in examples] == [("a.wav", ["dog", "rain"]), ("b.wav", ["cat"])]
    assert "(1 clips, such as a.wav: dog, rain)" in account.guesses[-1]


def test_lists_of_labels_that_differ_are_asked() -> None:
    _, account = read([{"audio": "a.wav", "labels": of} for of in (["dog", "rain"], ["dog"])], "labels")
    assert len(account.left_out) == 2
    assert all("such as all its labels" in row.problem for row in account.left_out)


def test_a_file_under_two_spellings_is_one_row_twice() -> None:
    stay, gone = left_out([{"audio": name, "label": "x"} for name in ("a.wav", "./a.wav", "b/../a.wav")])
    assert stay == ["a.wav"]
    assert len(gone) == 2
    assert all(problem.endswith("and say the same of it; keep one of them.") for _, problem in gone)


@pytest.mark.parametrize("names", [("start_sample", "end_sample"), ("frame_offset", "num_frames")])
def test_columns_of_samples_are_named(names: tuple[str, str]) -> None:
    _, gone = left_out([{"audio": "a.wav", "label": "xy"[n % 2], **dict.fromkeys(names, n)} for n in range(3)])
    assert f"{names[0]}" in gone[0][1]
    assert "samples or frames" in gone[0][1]
