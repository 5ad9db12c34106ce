"""Columns of time: which of them say what is heard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trainables.data.tables.test_columns import read, refusal

OTHER = {"audio": "a.wav", "label": "x"}


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ({"start_seconds": 8, "seconds": 2}, (8.0, 2.0)),
        ({"start_seconds": 8, "end_seconds": 10}, (8.0, 2.0)),
        ({"start": "8", "end": "10.0"}, (8.0, 2.0)),
        ({"tmin": 8, "tmax": 10}, (8.0, 2.0)),
        ({"xmin": 8, "xmax": 10}, (8.0, 2.0)),
        ({"min_t": 8, "max_t": 10}, (8.0, 2.0)),
        ({"Begin Time - ss.msec": 8, "Begin Time - hh:mm:ss.ms": "00:00:08.000", "End Time - ss.msec": 10}, (8.0, 2.0)),
        ({"start_min": 0.5, "end_min": 0.75}, (30.0, 15.0)),
        ({"onset": 8, "offset": 10}, (8.0, 2.0)),
        ({"offset": 8, "duration": 2}, (8.0, 2.0)),
        ({"onset": 8, "offset": 10, "duration": 2}, (8.0, 2.0)),
        ({"begin_time": 8, "end_time": 10}, (8.0, 2.0)),
        ({"Begin Time (s)": 8, "End Time (s)": 10}, (8.0, 2.0)),
        ({"start": 8, "dur": 2}, (8.0, 2.0)),
        ({"start_ms": 8000, "end_ms": 10_000}, (8.0, 2.0)),
        ({"start_ms": 8000, "duration": 2}, (8.0, 2.0)),
        ({"start_s": 8, "duration_ms": 2000}, (8.0, 2.0)),
        ({"offset_ms": "8000", "duration_ms": "2000"}, (8.0, 2.0)),
        ({"start_minutes": 0.5, "dur": 2}, (30.0, 2.0)),
        ({"from": 8, "to": 10}, (8.0, 2.0)),
        ({"from": "anna", "to": "bob"}, (0.0, None)),
        ({"event_start": 8, "event_end": 10}, (8.0, 2.0)),
        ({"start": 8, "end": 10, "duration": 12}, (8.0, 2.0)),  # how long the file is
        ({"start": 8}, (8.0, None)),
        ({"start": 0.1, "end": 0.3}, (0.1, 0.2)),
        ({"start_seconds": 8, "start": 3, "seconds": 2, "end": 5}, (8.0, 2.0)),
        ({"duration": 2}, (0.0, None)),
        ({"offset": 8}, (0.0, None)),
        ({"end": 10}, (0.0, None)),
        ({"start": None, "end": None}, (0.0, None)),
    ],
)
def test_what_is_heard(times: dict[str, Any], found: tuple[float, float | None]) -> None:
    (example,), account = read([OTHER | times])
    assert (example.start_seconds, example.seconds) == found
    guessed = [name for name in times if name not in ("start_seconds", "seconds", "end_seconds")]
    said = " ".join(account.guesses)
    assert all(repr(name) in said or name in account.columns_unread or times[name] is None for name in guessed)


@pytest.mark.parametrize("name", ["end", "offset", "stop_time"])
def test_a_time_that_is_not_read_is_pointed_out(name: str) -> None:
    _, account = read([OTHER | {name: 8}])
    assert len(account.advice) == 1
    assert f"the column {name!r} looks like a time and is not read (1 rows fill it)" in account.advice[0]


def test_samples_are_not_taken_for_seconds() -> None:
    (example,), account = read([OTHER | {"start_sample": 16_000, "end_sample": 32_000}])
    assert (example.start_seconds, example.seconds) == (0.0, None)
    assert "'start_sample' counts samples or frames and is not read" in account.advice[0]


def test_the_length_of_a_file_is_no_news() -> None:
    assert not read([OTHER | {"duration": 8}])[1].advice


def test_renamed_columns_of_time() -> None:
    (example,), account = read(
        [OTHER | {"from": 3, "to": "4.5"}], columns={"start_seconds": "from", "end_seconds": "to"}
    )
    assert (example.start_seconds, example.seconds) == (3.0, 1.5)
    assert account.states_ends
    (example,), _ = read([OTHER | {"start_ms": 3000}], columns={"start_seconds": "start_ms"})
    assert example.start_seconds == 3.0
    (example,), account = read([OTHER | {"start": 3, "end": 4}], columns={"start_seconds": ""})
    assert (example.start_seconds, example.seconds) == (0.0, None)


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({"start": 8, "begin": 9}, "'begin' and 'start' may both be start_seconds, and they differ"),
        ({"start": 8, "end": 10, "duration": 1}, "contradict each other"),
        ({"start_min": 3, "start_sec": 20}, "may both be start_seconds, and they differ"),
    ],
)
def test_times_that_contradict_each_other(times: dict[str, Any], words: str) -> None:
    assert words in refusal([OTHER | times])


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({"start": 8, "end": 5}, "end is 5 s and the start is 8 s; an end lies behind its start."),
        ({"start": 8, "end": 8}, "an end lies behind its start"),
        ({"start": "0,5", "end": "1,5"}, "start must be a number of at least 0, is '0,5'; write 0.5 with a point."),
        ({"start": "00:01:02.5"}, "is '00:01:02.5'; write seconds: 62.5."),
        ({"start": "1:30"}, "write seconds: 90."),
        ({"start_seconds": -1}, "start_seconds must be a number of at least 0, is -1."),
        ({"start_seconds": True}, "is True"),
        ({"start_seconds": "1_0"}, "is '1_0'"),
        ({"seconds": "inf"}, "is 'inf'"),
    ],
)
def test_times_that_cannot_be_read(times: dict[str, Any], words: str) -> None:
    _, account = read([OTHER | times])
    assert words in account.left_out[0].problem


def test_equal_problems_of_many_rows_are_one() -> None:
    _, account = read([OTHER | {"start_seconds": f"{n},5"} for n in range(30)])
    assert {row.problem for row in account.left_out} == {
        "start_seconds must be a number of at least 0, is '0,5'; write 0.5 with a point."
    }


def test_clips_of_one_file_have_names_of_their_own() -> None:
    rows = [OTHER | {"start": start, "end": end} for start, end in ((0, 1), (1, 2), (1, 3))]
    assert [example.id for example in read(rows)[0]] == ["a.wav@0", "a.wav@1+1", "a.wav@1+2"]
