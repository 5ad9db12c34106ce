"""What a file holds decides how it is read, and its name does not."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainables.data.tables.rows import read_rows
from trainables.errors import InputError

ROWS = [{"audio": "ä.wav", "label": "x"}, {"audio": "b.wav", "label": "y"}]
CSV = "audio,label\nä.wav,x\nb.wav,y\n"
CONTENTS = {
    "csv": CSV.encode(),
    "tsv": CSV.replace(",", "\t").encode(),
    "json lines": "\n".join(map(json.dumps, ROWS)).encode(),
    "json array": json.dumps(ROWS, indent=2, ensure_ascii=False).encode(),
    "UTF-8 with a mark": CSV.encode("utf-8-sig"),
    "UTF-16": CSV.encode("utf-16"),
    "UTF-16, the other order": b"\xfe\xff" + CSV.encode("utf-16-be"),
    "UTF-32": CSV.encode("utf-32"),
    "JSON with a mark": json.dumps(ROWS).encode("utf-8-sig"),
}


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.json", "t.jsonl", "t.ndjson", "t.txt", "t", "t.CSV"])
@pytest.mark.parametrize("content", CONTENTS)
def test_content_decides(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_bytes(CONTENTS[content])
    assert [row for _, row in read_rows(tmp_path / name, {}, tmp_path).rows] == ROWS


@pytest.mark.parametrize("name", ["t.parquet", "t.pq", "t.csv"])
def test_parquet_by_its_first_bytes(tmp_path: Path, name: str) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / name)
    assert [row for _, row in read_rows(tmp_path / name, {}, tmp_path).rows] == ROWS


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (CSV.encode("latin-1"), "line 2, byte 12: 0xE4, which is 'ä' in Latin-1 or Windows-1252"),
        (CSV.encode("utf-16-le"), "looks like UTF-16 without its mark"),
        (b"\xff\xfea", "begins as UTF-16-LE and is none"),
        (b"PK\x03\x04 xl/workbook.xml", "Excel workbook"),
        (b"\x1f\x8b\x08", "damaged gzip file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"\n<!doctype html><html>", "a web page"),
        (b"RIFF\0\0\0\0WAVE", "a sound file"),
        (b"", "holds no rows"),
        (b"audio,label\n", "holds no rows"),
        (b"[]", "holds no rows"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_rows(tmp_path / "t.csv", {}, tmp_path)
    assert words in str(caught.value)


@pytest.mark.parametrize("stream", [True, False])
def test_arrow_as_parquet(tmp_path: Path, stream: bool) -> None:
    length = pa.array([datetime.timedelta(seconds=1.5), None])
    table = pa.table({"file": ["a.wav", "b.wav"], "label": pa.array(["x", "y"]).dictionary_encode(), "start": length})
    path = tmp_path / "data-00000-of-00001.arrow"
    write = pa.ipc.new_stream if stream else pa.ipc.new_file
    with pa.OSFile(str(path), "wb") as sink, write(sink, table.schema) as writer:
        writer.write_table(table)
    found = read_rows(path, {}, tmp_path / "cache")
    assert found.form == "Arrow"
    assert [row for _, row in found.rows] == [
        {"file": "a.wav", "label": "x", "start": 1.5},
        {"file": "b.wav", "label": "y", "start": None},
    ]
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"Arrow file|damaged"):
        read_rows(path, {}, tmp_path / "cache")


@pytest.mark.parametrize(("start", "words"), [("tar", "tar archive.*WebDataset.*tar -xf"), ("pickle", "never loaded")])
def test_files_that_hold_no_table(tmp_path: Path, start: str, words: str) -> None:
    path = tmp_path / "t.bin"
    path.write_bytes(b"\x80\x04]." if start == "pickle" else b"a" * 257 + b"ustar" + b"\0" * 300)
    with pytest.raises(InputError, match=words):
        read_rows(path, {}, tmp_path)
