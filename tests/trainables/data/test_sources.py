from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from trainables.data import sources
from trainables.data.examples import AudioPiece, Example
from trainables.data.reading import Wanted
from trainables.errors import InputError


@pytest.fixture
def open_source(tmp_path, task) -> Callable[..., list[Example]]:
    def open_(source: str, column: str = "label", **columns: str) -> list[Example]:
        wanted = Wanted(column, tmp_path / "cache", columns)
        return sources.open_source(source, wanted, base_folder=tmp_path, seed=7).examples

    return open_


def brief(examples: list[Example]) -> list[tuple[Any, ...]]:
    return [(example.id, example.target, example.split) for example in examples]


def test_class_folders(tmp_path, write_tone, open_source):
    for name in ("b/1.flac", "a/2.wav", "a/deep/3.ogg"):
        write_tone(tmp_path / "clips" / name)
    (tmp_path / "clips" / "a" / "notes.txt").write_text("not audio")
    (tmp_path / "clips" / ".hidden").mkdir()
    examples = open_source("clips")
    assert brief(examples) == [("a/2.wav", "a", None), ("a/deep/3.ogg", "a", None), ("b/1.flac", "b", None)]
    assert examples[0].audio == (AudioPiece(str(tmp_path / "clips/a/2.wav")),)
    assert len({example.group for example in examples}) == 3


def test_split_folders_above_class_folders(tmp_path, write_tone, open_source):
    for name in ("train/a/1.wav", "test/a/1.wav", "dev/b/1.wav"):
        write_tone(tmp_path / "clips" / name)
    assert brief(open_source("clips")) == [
        ("dev/b/1.wav", "b", "validation"),
        ("test/a/1.wav", "a", "test"),
        ("train/a/1.wav", "a", "train"),
    ]


def test_metadata_beside_the_files(tmp_path, open_source):
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "metadata.csv").write_text("file_name,transcription\nx/1.wav,hello\n")
    (example,) = open_source("clips", "text", text="transcription")
    assert (example.id, example.target, example.audio[0].path) == ("x/1.wav", "hello", str(tmp_path / "clips/x/1.wav"))


def test_metadata_in_split_folders_may_repeat_file_names(tmp_path, open_source):
    for split in ("train", "test"):
        (tmp_path / "clips" / split).mkdir(parents=True)
        (tmp_path / "clips" / split / "metadata.jsonl").write_text(json.dumps({"file_name": "1.wav", "label": "a"}))
    examples = open_source("clips")
    assert brief(examples) == [("test/1.wav", "a", "test"), ("train/1.wav", "a", "train")]
    assert [example.group for example in examples] == ["test/1.wav", "train/1.wav"]
    assert examples[0].audio[0].path == str(tmp_path / "clips/test/1.wav")


def write_shards(folder: Path, audio: bytes) -> None:
    for split in ("train", "test"):
        path = folder / f"{split}-00000-of-00001.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = audio + split.encode()  # another file
        pq.write_table(pa.Table.from_pylist([{"audio": {"bytes": content, "path": "x.wav"}, "label": "a"}]), path)


def test_a_hub_data_set_in_parquet(tmp_path, monkeypatch, write_tone, open_source):
    audio = write_tone(tmp_path / "x.wav").read_bytes()
    asked: list[tuple[Any, ...]] = []

    def download(name: str, *, repo_type: str, revision: str | None, allow_patterns: list[str] | None) -> str:
        asked.append((name, repo_type, revision, allow_patterns))
        write_shards(tmp_path / "snapshot" / "data", audio)
        return str(tmp_path / "snapshot")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    examples = open_source("hf://someone/clips@v1.0")
    assert asked == [("someone/clips", "dataset", "v1.0", ["README.md"]), ("someone/clips", "dataset", "v1.0", None)]
    assert [(e.target, e.split) for e in examples] == [("a", "test"), ("a", "train")]
    assert len({e.id for e in examples}) == 2
    assert all(Path(e.audio[0].path).is_relative_to(tmp_path / "cache") for e in examples)


def test_a_hub_data_set_with_several_configurations_is_not_mixed(tmp_path, write_tone, open_source):
    audio = write_tone(tmp_path / "x.wav").read_bytes()
    write_shards(tmp_path / "clips" / "english", audio)
    write_shards(tmp_path / "clips" / "french", audio)
    with pytest.raises(InputError, match=r"english, french.*name the folder of one"):
        open_source("clips")


def test_a_hub_data_set_that_cannot_be_fetched(monkeypatch, open_source):
    def download(*args: object, **options: object) -> str:
        raise LocalEntryNotFoundError("Cannot find the requested files.\nmore lines")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(InputError, match=r"could not be fetched \(Cannot find the requested files\)"):
        open_source("hf://someone/clips")
    with pytest.raises(InputError, match="owner/name"):
        open_source("hf://clips")


def test_paths_start_at_the_sweep_file_then_here(tmp_path, monkeypatch, open_source):
    row = {"audio": "x.wav", "label": "there"}
    here = tmp_path / "elsewhere"
    here.mkdir()
    monkeypatch.chdir(here)
    (here / "clips.jsonl").write_text(json.dumps({**row, "label": "here"}))
    assert open_source("clips.jsonl")[0].target == "here"
    (tmp_path / "clips.jsonl").write_text(json.dumps(row))
    assert open_source("clips.jsonl")[0].target == "there"
    assert open_source(str(here / "clips.jsonl"))[0].target == "here"


def test_the_folders_of_a_table_s_files_give_its_splits(tmp_path, open_source):
    rows = [{"audio": f"clips/{split}/1.wav", "label": "a"} for split in ("Train", "test")]
    (tmp_path / "clips.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert [example.split for example in open_source("clips.jsonl")] == ["train", "test"]


def test_an_unknown_source_says_what_was_looked_for(tmp_path, open_source):
    with pytest.raises(InputError) as caught:
        open_source("speach_detection")
    message = str(caught.value)
    assert "Did you mean 'speech_detection'?" in message
    assert str(tmp_path / "speach_detection") in message
    assert str(Path.cwd() / "speach_detection") in message


@pytest.mark.parametrize(
    ("source", "instead"),
    [
        ("https://huggingface.co/datasets/owner/name", "Write hf://owner/name for"),
        ("https://huggingface.co/datasets/owner/name/tree/main", "Write hf://owner/name for"),
        ("hf:/owner/name", "Write hf://owner/name for"),
        ("HF://owner/name", "Write hf://owner/name for"),
        ("https://example.org/clips.csv", "download what it names"),
        ("s3://bucket/clips", "download what it names"),
        ("file:///home/clips.csv", "Write the path alone"),
    ],
)
def test_an_address_is_told_what_to_write(open_source, source: str, instead: str):
    with pytest.raises(InputError, match=instead):
        open_source(source)


def test_a_table_of_training_clips_beside_those_of_other_splits(tmp_path):
    rows = "audio,label\na.wav,x\nb.wav,y\n"
    for name in ("train", "valid", "my_test", "other"):
        (tmp_path / f"{name}.csv").write_text(rows)

    def advice(name: str) -> list[str]:
        wanted = Wanted("label", tmp_path / "cache")
        return sources.open_source(name, wanted, base_folder=tmp_path, seed=7).account.advice

    (sentence,) = advice("train.csv")
    assert sentence.startswith("Beside train.csv stand my_test.csv, valid.csv, which are not read")
    assert not advice("valid.csv")
    assert not advice("other.csv")
    (tmp_path / "train.csv").write_text("audio,label,split\na.wav,x,train\nb.wav,y,test\n")
    assert not advice("train.csv")


def test_folders_that_fit_no_layout(tmp_path, write_tone, open_source):
    write_tone(tmp_path / "flat" / "1.wav")
    with pytest.raises(InputError, match="class folders"):
        open_source("flat")
    write_tone(tmp_path / "classes" / "a" / "1.wav")
    with pytest.raises(InputError, match=r"needs a column 'text'.*metadata\.csv"):
        open_source("classes", "text")


def test_a_built_in_is_made_once_and_kept(tmp_path, monkeypatch, write_tone, open_source):
    made: list[int] = []

    def generate(folder: Path, seed: int) -> list[Example]:
        made.append(seed)
        path = write_tone(folder / "1.wav")
        return [Example("1", (AudioPiece(str(path)),), "g", "a")]

    monkeypatch.setattr(sources, "import_module", lambda name: SimpleNamespace(generate=generate))
    first, second = open_source("speech_detection"), open_source("speech_detection")
    assert made == [7]
    assert first == second
    assert Path(first[0].audio[0].path).is_file()
    assert Path(first[0].audio[0].path).is_relative_to(tmp_path / "cache")


def test_a_built_in_has_labels_and_no_columns(open_source):
    with pytest.raises(InputError, match="needs 'text'"):
        open_source("speech_detection", "text")
    with pytest.raises(InputError, match=r"data\.columns"):
        open_source("speech_detection", group="speaker")


def test_names_of_files_with_accents_apart_give_the_ids_that_a_manifest_would(tmp_path, write_tone, open_source):
    apart, composed = "Ku\u0308he", "K\u00fche"
    write_tone(tmp_path / apart / f"{apart}.wav")
    write_tone(tmp_path / "dog" / "1.wav")
    found = {example.id: example for example in open_source(str(tmp_path))}
    assert set(found) == {f"{composed}/{composed}.wav", "dog/1.wav"}
    example = found[f"{composed}/{composed}.wav"]
    assert (example.group, example.target) == (example.id, composed)
    assert example.audio[0].path == str(tmp_path / apart / f"{apart}.wav")
