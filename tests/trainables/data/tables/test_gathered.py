"""Several columns that are one target: ratings, missing ones among them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainables.data.formats.manifest import read_manifest
from trainables.data.reading import Wanted
from trainables.errors import InputError

TABLE = "file,valence,arousal,speaker,note\na.wav,1.5,2,x,hm\nb.wav,,3.5,y,\nc.wav,nan,,z,\n"


def wanted(folder: Path, *columns: str, column: str = "targets") -> Wanted:
    return Wanted(column=column, cache_folder=folder / "cache", gathered=columns)


def test_columns_become_the_ratings_of_a_clip(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text(TABLE)
    reading = read_manifest(tmp_path / "ratings.csv", wanted(tmp_path, "valence", "arousal"))
    assert [each.target for each in reading.examples] == [[1.5, 2.0], [None, 3.5]]
    assert reading.account.origins["targets"] == "the columns valence, arousal"
    assert dict(reading.account.columns_unread) == {"note": 1}
    (left_out,) = reading.account.left_out  # a clip without any rating
    assert left_out.where.endswith("line 4")


def test_their_order_is_that_of_the_sweep_file(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text(TABLE)
    reading = read_manifest(tmp_path / "ratings.csv", wanted(tmp_path, "arousal", "valence"))
    assert reading.examples[0].target == [2.0, 1.5]


def test_a_column_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text(TABLE)
    with pytest.raises(InputError, match=r"data.columns.targets: there is no column 'arousl'. Did you mean 'arousal'"):
        read_manifest(tmp_path / "ratings.csv", wanted(tmp_path, "valence", "arousl"))


def test_a_list_may_lack_some_too(tmp_path: Path) -> None:
    rows = '{"audio": "a.wav", "targets": [1, null]}\n{"audio": "b.wav", "targets": [NaN, 2]}\n'
    (tmp_path / "clips.jsonl").write_text(rows)
    reading = read_manifest(tmp_path / "clips.jsonl", wanted(tmp_path))
    assert [each.target for each in reading.examples] == [[1.0, None], [None, 2.0]]
