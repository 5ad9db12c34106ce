from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from trainables.data.examples import AudioPiece, Example
from trainables.data.formats.manifest import read_manifest
from trainables.data.reading import Skip, Wanted
from trainables.data.sound.audio import load_waveform
from trainables.errors import InputError

NO_CACHE = Path("never-written")

ROWS = [
    {"audio": "clips/1.wav", "label": "a", "id": "one", "group": "g", "split": "dev", "fold": "3"},
    {"audio": "clips/2.wav", "label": "b", "id": "two", "group": "h", "split": "train", "fold": "4"},
]


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    elif path.suffix == ".csv":
        lines = [",".join(rows[0])] + [",".join(map(str, row.values())) for row in rows]
        path.write_text("\n".join(lines), encoding="utf-8")
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def problems(path: Path, column: str = "label", **columns: str) -> tuple[str, ...]:
    """Of the table, or of its rows."""

    def read() -> None:
        account = read_manifest(path, Wanted(column, NO_CACHE, columns)).account
        account.refuse_beyond(Skip(), len(account.left_out))

    with pytest.raises(InputError) as caught:
        read()
    return caught.value.problems


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_the_three_formats_say_the_same(tmp_path, suffix):
    examples = read_manifest(write(tmp_path / f"clips{suffix}", ROWS), Wanted("label", NO_CACHE)).examples
    assert examples == [
        Example("one", (AudioPiece(str(tmp_path / "clips/1.wav")),), "g", "a", split="validation", fold="3"),
        Example("two", (AudioPiece(str(tmp_path / "clips/2.wav")),), "h", "b", split="train", fold="4"),
    ]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_numbers_are_read_and_nothing_is_needed_but_audio_and_target(tmp_path, suffix):
    rows = [{"audio": "x.wav", "label": "a", "start_seconds": 0.5, "seconds": 1.0, "lowpass_hz": 4000.0}]
    (example,) = read_manifest(write(tmp_path / f"clips{suffix}", rows), Wanted("label", NO_CACHE)).examples
    assert (example.id, example.group) == ("x.wav", "x.wav")
    assert (example.start_seconds, example.seconds, example.lowpass_hz) == (0.5, 1.0, 4000.0)
    assert (example.split, example.fold) == (None, None)


def test_clips_of_one_file_are_told_apart_and_share_a_group(tmp_path):
    rows = [{"audio": "x.wav", "label": "a", "start_seconds": s} for s in (0, 1.5)]
    rows.append({"audio": "y.wav", "label": "b", "start_seconds": 1.5})
    examples = read_manifest(write(tmp_path / "clips.jsonl", rows), Wanted("label", NO_CACHE)).examples
    assert [example.id for example in examples] == ["x.wav@0", "x.wav@1.5", "y.wav"]
    assert [example.group for example in examples] == ["x.wav", "x.wav", "y.wav"]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_list_of_files_is_joined(tmp_path, suffix):
    rows = [{"audio": ["a.wav", str(tmp_path / "elsewhere" / "b.wav")], "label": "a"}]
    (example,) = read_manifest(write(tmp_path / f"clips{suffix}", rows), Wanted("label", NO_CACHE)).examples
    assert [piece.path for piece in example.audio] == [str(tmp_path / "a.wav"), str(tmp_path / "elsewhere" / "b.wav")]


def test_pieces_may_be_stretches_of_files(tmp_path):
    rows = [{"audio": ["a.wav", {"path": "b.wav", "start_seconds": 0.2, "seconds": 0.3}], "label": "a"}]
    (example,) = read_manifest(write(tmp_path / "clips.jsonl", rows), Wanted("label", NO_CACHE)).examples
    assert example.audio == (AudioPiece(str(tmp_path / "a.wav")), AudioPiece(str(tmp_path / "b.wav"), 0.2, 0.3))


def test_columns_are_renamed(tmp_path):
    rows = [{"file": "x.wav", "class": "a", "speaker": 7}]
    names = {"audio": "file", "label": "class", "group": "speaker"}
    (example,) = read_manifest(write(tmp_path / "clips.jsonl", rows), Wanted("label", NO_CACHE, names)).examples
    assert (example.target, example.group) == ("a", "7")


@pytest.mark.parametrize(("suffix", "value"), [(".jsonl", [0.25, 1]), (".csv", '"[0.25, 1]"'), (".parquet", [0.25, 1])])
def test_targets_are_lists_of_numbers(tmp_path, suffix, value):
    path = write(tmp_path / f"clips{suffix}", [{"audio": "x.wav", "targets": value}])
    assert read_manifest(path, Wanted("targets", NO_CACHE)).examples[0].target == [0.25, 1.0]


def test_embedded_audio_and_class_numbers_of_hub_files(tmp_path):
    soundfile.write(tmp_path / "x.wav", np.full(1600, 0.25), 16_000)
    content = (tmp_path / "x.wav").read_bytes()
    features = {"label": {"_type": "ClassLabel", "names": ["cat", "dog"]}}
    rows = [{"audio": {"bytes": content, "path": "x.wav"}, "label": 1}]
    table = pa.Table.from_pylist(rows).replace_schema_metadata(
        {"huggingface": json.dumps({"info": {"features": features}})}
    )
    pq.write_table(table, tmp_path / "train.parquet")
    for _ in range(2):  # the second time from the cache
        (example,) = read_manifest(tmp_path / "train.parquet", Wanted("label", tmp_path / "cache")).examples
        assert example.target == "dog"
        np.testing.assert_allclose(load_waveform(example, 16_000), 0.25, atol=1e-4)
    assert len(list((tmp_path / "cache").rglob("*.wav"))) == 1


def test_a_class_number_of_minus_one_is_no_class(tmp_path):
    features = {"label": {"_type": "ClassLabel", "names": ["cat", "dog"]}}
    table = pa.table({"audio": ["0.wav", "1.wav", "2.wav"], "label": [0, -1, 1]})
    pq.write_table(
        table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}),
        tmp_path / "t.parquet",
    )
    assert problems(tmp_path / "t.parquet") == ("t.parquet row 2: the column 'label' is empty.",)


def test_every_bad_row_is_named_with_its_line(tmp_path):
    rows: list[dict[str, object]] = [
        {"audio": "1.wav", "label": "a"},
        {"audio": "", "label": "a"},
        {"audio": "3.wav", "label": None},
        {"audio": "4.wav", "label": "a", "split": "elsewhere"},
        {"audio": "5.wav", "label": "a", "start_seconds": "soon"},
        {"audio": "6.wav", "label": "a", "seconds": -1},
        {"audio": 7, "label": "a"},
    ]
    found = problems(write(tmp_path / "clips.jsonl", [{"split": "train", **row} for row in rows]))
    assert [line.split(":")[0] for line in found] == [f"clips.jsonl line {n}" for n in range(2, 8)]
    words = ["'audio' is empty", "'label' is empty", "'elsewhere'", "'soon'", "-1", "a path or a list"]
    assert all(word in line for word, line in zip(words, found, strict=True))


def test_hundreds_of_equal_problems_are_said_once(tmp_path):
    (found,) = problems(write(tmp_path / "clips.jsonl", [{"audio": "x.wav", "label": None}] * 300))
    assert found == (
        "clips.jsonl line 1, clips.jsonl line 2, clips.jsonl line 3 and 297 more: the column 'label' is empty."
    )


def test_missing_columns_are_named_with_the_nearest(tmp_path):
    path = write(tmp_path / "clips.csv", [{"audio": "x.wav", "lable": "a"}])
    (problem,) = problems(path)
    assert "no column 'label'" in problem
    assert "Did you mean 'lable'?" in problem
    assert "no column 'speaker'" in problems(path, group="speaker", label="lable")[0]
    assert "'colour'" in problems(path, colour="x", label="lable")[0]


def test_files_that_are_no_manifests(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"audio": 1, "label": "a"}\nnot json\n[1]\n')
    assert [p.split(":")[0] for p in problems(tmp_path / "a.jsonl")] == [f"a.jsonl line {n}" for n in (2, 3, 1)]
    (tmp_path / "a.csv").write_text("audio,label\nx.wav,a,b\n")
    assert "more values" in problems(tmp_path / "a.csv")[0]
    (tmp_path / "latin.csv").write_bytes("audio,label\nx.wav,é\n".encode("latin-1"))
    assert "UTF-8" in problems(tmp_path / "latin.csv")[0]
    (tmp_path / "a.parquet").write_text("hello")
    assert "no Parquet" in problems(tmp_path / "a.parquet")[0]
    (tmp_path / "a.txt").write_text("hello")
    assert "no rows" in problems(tmp_path / "a.txt")[0]
    (tmp_path / "empty.jsonl").touch()
    assert "no rows" in problems(tmp_path / "empty.jsonl")[0]
    (tmp_path / "targets.jsonl").write_text('{"audio": "x.wav", "targets": "high"}')
    assert "list of numbers" in problems(tmp_path / "targets.jsonl", "targets")[0]


def test_a_csv_with_a_byte_order_mark_and_an_index_column(tmp_path):
    (tmp_path / "clips.csv").write_text(",audio,label\n0,x.wav,a\n", encoding="utf-8-sig")
    assert read_manifest(tmp_path / "clips.csv", Wanted("label", NO_CACHE)).examples[0].target == "a"
