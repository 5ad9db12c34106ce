from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Plant, Read = Callable[[str], Path], Callable[..., Reading]


def shard(path: Path, **further: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"audio": {"bytes": f"{path} {n}".encode(), "path": f"{n}.wav"}, "label": n, **further} for n in range(2)]
    features = {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    table = pa.Table.from_pylist(rows)
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}), path)


def splits(reading: Reading) -> list[str | None]:
    assert {example.target for example in reading.examples} == {"cat", "dog"}
    return [example.split for example in reading.examples[::2]]


@pytest.mark.parametrize(
    ("names", "given"),
    [
        ("data/train-00000-of-00002 data/train-00001-of-00002 data/test-00000-of-00001", "test train train"),
        ("train.clean.100-00000-of-00001 validation.clean-00000 test.clean-0", "test train validation"),
        ("mydata-train mydata-valid mydata-test", "test train validation"),
        ("train00 train01 test00", "test train train"),
        ("validation_000 train_000 test-other", "test train validation"),
        ("TRAIN Dev", "validation train"),
        ("train eval", "test train"),
        ("my_test_set-train-0 my_test_set-test-0", "test train"),
        ("default/train/0000 default/test/0000", "test train"),
        ("default/partial-train/0000 default/partial-test/0000", "test train"),
    ],
)
def test_names_give_the_splits(tmp_path: Path, read: Read, names: str, given: str) -> None:
    for name in names.split():
        shard(tmp_path / "clips" / f"{name}.parquet")
    reading = read(tmp_path / "clips")
    order = sorted(names.split())
    assert sorted(zip(order, splits(reading), strict=True)) == sorted(zip(order, given.split(), strict=True))
    assert "split" in reading.account.origins


def test_names_that_give_none_are_said(tmp_path: Path, read: Read) -> None:
    for name in ("0000", "0001"):
        shard(tmp_path / "clips" / f"{name}.parquet")
    reading = read(tmp_path / "clips")
    assert splits(reading) == [None, None]
    assert "the names of the Parquet files give no split." in reading.account.guesses


def test_a_name_that_gives_none_beside_others_is_named(tmp_path: Path, read: Read) -> None:
    for name in ("train-0", "test-0", "extra-0"):
        shard(tmp_path / "clips" / f"{name}.parquet")
    with pytest.raises(
        InputError, match=r"the name of extra-0\.parquet gives no split and that of others does \(test-0"
    ):
        read(tmp_path / "clips")


def test_a_column_split_stands(tmp_path: Path, read: Read) -> None:
    for name in ("train-0", "extra-0"):
        shard(tmp_path / "clips" / f"{name}.parquet", split="test")
    assert splits(read(tmp_path / "clips")) == ["test", "test"]


def test_a_folder_and_a_name_that_say_two_are_refused(tmp_path: Path, read: Read) -> None:
    shard(tmp_path / "clips" / "train" / "train-0.parquet")
    shard(tmp_path / "clips" / "test" / "train-0.parquet")
    with pytest.raises(InputError, match=r"test/train-0\.parquet: its name says train and its folder test"):
        read(tmp_path / "clips")


@pytest.mark.parametrize("below", ["train-0", "train/0"])
def test_several_data_sets_are_not_mixed(tmp_path: Path, read: Read, below: str) -> None:
    for name in ("de-DE", "en-US"):
        shard(tmp_path / "clips" / name / f"{below}.parquet")
    with pytest.raises(InputError, match=r"several data sets \(de-DE, en-US\)"):
        read(tmp_path / "clips")


def test_a_parquet_file_beside_class_folders_is_none(plant: Plant, read: Read) -> None:
    folder = plant("{cat,dog}/{1,2}.wav")
    pq.write_table(pa.table({"features": [1.0, 2.0]}), folder / "features.parquet")
    (folder / "broken.parquet").write_bytes(b"PAR1")
    reading = read(folder)
    assert len(reading.examples) == 4
    assert len(reading.account.files_unread[".parquet", "a table, and the folders give the labels"]) == 2


def test_embedded_sound_that_stands_twice_is_called_by_its_name(tmp_path: Path, read: Read) -> None:
    rows = [{"audio": {"bytes": b"sound", "path": "one.wav"}, "label": "a"}] * 2
    (tmp_path / "clips").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "clips/one.parquet")
    (row,) = read(tmp_path / "clips").account.left_out
    assert re.fullmatch(r"2 rows name the same stretch of one-\w+, and say the same of it; keep one.*", row.problem)


def test_data_sets_that_were_saved_to_disk(tmp_path: Path, read: Read) -> None:
    for name in ("train", "test"):
        path = tmp_path / "clips" / name / "data-00000-of-00001.arrow"
        path.parent.mkdir(parents=True)
        rows = [{"audio": {"bytes": f"{name} {n}".encode(), "path": None}, "label": "dog"} for n in range(2)]
        table = pa.Table.from_pylist(rows)
        for written in (path, path.with_name("cache-0123.arrow")):
            with pa.OSFile(str(written), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table)
        path.with_name("state.json").write_text("{}")
    (tmp_path / "clips" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    reading = read(tmp_path / "clips")
    assert [example.split for example in reading.examples] == ["test", "test", "train", "train"]
    assert "Arrow files" in reading.account.layout
