"""AudioSet's segments: notes above, several labels, files called after videos."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


NOTES = (
    "# Segments csv created Sun Mar  5 10:54:31 2017\n# num_ytids=2, num_segs=2, num_unique_labels=2\n"
    "# YTID, start_seconds, end_seconds, positive_labels\n"
)
ROWS = (
    '--PJHxphWEs, 0.020, 0.040, "/m/09x0r"\n--ZhevVpy1s, 0.020, 0.040, "/m/012xff"\n'
    '-0BIyqJj9ZU, 0.020, 0.040, "/m/07yv9,/m/0284vy3"\n'
)
VIDEOS = ("--PJHxphWEs", "--ZhevVpy1s", "-0BIyqJj9ZU")


@pytest.mark.parametrize(
    ("form", "crop"),
    [
        ("{}.wav", (0.02, 0.02)),
        ("audio/{}.flac", (0.02, 0.02)),
        ("{}_0.020.wav", (0.0, None)),
        ("Y{}.wav", (0.02, 0.02)),
    ],
)
def test_single_labels_are_read(lay: Lay, read_source: Read, form: str, crop: tuple[float, float | None]) -> None:
    folder = lay([form.format(video) for video in VIDEOS], {"segments.csv": NOTES + ROWS}, seconds=2.0)
    with pytest.raises(InputError, match=r"segments\.csv line 6: has several labels"):
        read_source(folder / "segments.csv")
    reading = read_source(folder / "segments.csv", skip=1)
    found = [(clip.target, clip.group, clip.start_seconds, clip.seconds) for clip in reading.examples]
    assert found == [("/m/09x0r", VIDEOS[0], *crop), ("/m/012xff", VIDEOS[1], *crop)]
    assert all(Path(clip.audio[0].path).is_file() for clip in reading.examples)


def test_files_that_are_cut_out_already(lay: Lay, read_source: Read) -> None:
    rows = ROWS.replace("0.020, 0.040", "30.000, 40.000")
    folder = lay([f"{video}.wav" for video in VIDEOS], {"segments.csv": NOTES + rows})
    reading = read_source(folder / "segments.csv", skip=1)
    assert {(clip.start_seconds, clip.seconds) for clip in reading.examples} == {(0.0, None)}
    assert "2 of 2 files" in " ".join(reading.account.guesses)


def test_other_tables_with_these_labels(lay: Lay, read_source: Read) -> None:
    notes = "# audio, start_seconds, end_seconds, label\n"
    rows = 'a.wav, 0.000, 0.050, "/m/00"\na.wav, 0.050, 0.090, "/m/01,/m/09x0r"\n'
    folder = lay(["a.wav"], {"t.csv": notes + rows})
    with pytest.raises(InputError, match=r"t\.csv line 3: has several labels"):
        read_source(folder / "t.csv")


def test_several_labels_are_read_where_the_task_wants_them(lay: Lay, read_source: Read) -> None:
    folder = lay([f"{video}.wav" for video in VIDEOS], {"segments.csv": NOTES + ROWS}, seconds=2.0)
    reading = read_source(folder / "segments.csv", "labels")
    assert [clip.target for clip in reading.examples] == [["/m/09x0r"], ["/m/012xff"], ["/m/07yv9", "/m/0284vy3"]]
