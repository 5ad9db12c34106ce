"""A clean manifest gives the same examples again, whatever it was read from."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainables.data.clean_manifest import clean_rows, write_clean
from trainables.data.examples import SPLITS, AudioPiece, Example
from trainables.data.formats.manifest import read_manifest
from trainables.data.reading import Wanted
from trainables.errors import InputError

PLAIN = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp", "Zs", "Co", "Cn"))
NAMES = st.text(PLAIN, min_size=1, max_size=12).filter(lambda name: unicodedata.normalize("NFC", name.strip()) == name)
SECONDS = st.floats(min_value=0.001, max_value=3000.0, allow_nan=False)


def example(folder: Path, name: str = "a.wav", **changes: Any) -> Example:
    return Example(name, (AudioPiece(str(folder / name)),), name, "dog", **changes)


def again(path: Path, folder: Path) -> list[Example]:
    return read_manifest(path, Wanted("label", folder)).examples


@st.composite
def drawn(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Examples as keyword arguments, with pieces whose paths are relative or absolute."""
    ids = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    channel = draw(st.none() | st.integers(0, 3))
    split, fold = draw(st.booleans()), draw(st.booleans())  # for all rows or for none: half-filled columns are refused
    return [
        {
            "id": name,
            "group": draw(NAMES),
            "target": draw(NAMES),
            "split": draw(st.sampled_from(SPLITS)) if split else None,
            "fold": draw(NAMES) if fold else None,
            "lowpass_hz": draw(st.none() | st.floats(50, 20_000)),
            "start_seconds": draw(st.just(0.0) | SECONDS),
            "seconds": draw(st.none() | SECONDS),
            "audio": [
                (
                    draw(st.sampled_from(("a.wav", "b c/ü.flac", "~x/y.wav", "/elsewhere/z.ogg", "../up.wav"))),
                    draw(st.just(0.0) | SECONDS),
                    draw(st.none() | SECONDS),
                    channel,
                )
                for _ in range(draw(st.integers(1, 3)))
            ],
        }
        for name in ids
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(rows=drawn())
def test_whatever_was_read_is_read_again(rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("clean")
    examples = [
        Example(**{**row, "audio": tuple(AudioPiece(str((folder / p).resolve()), *rest) for p, *rest in row["audio"])})
        for row in rows
    ]
    assert write_clean(folder / "clips.jsonl", examples, "label", cache_folder=folder)
    assert again(folder / "clips.jsonl", folder) == examples
    assert [path.name for path in folder.iterdir()] == ["clips.jsonl"]


def test_every_field_of_an_example_is_written(tmp_path: Path) -> None:
    whole = example(tmp_path, split="test", fold="2", lowpass_hz=4000.0, start_seconds=0.5, seconds=1.5, weight=2.0)
    (row,) = clean_rows([whole], "label", tmp_path)
    assert {"id", "group", "split", "fold", "lowpass_hz", "start_seconds", "seconds"} <= row.keys()
    # a field that comes later has to be read from a manifest too, or `write_clean` refuses to write it
    assert {field.name for field in fields(Example)} - row.keys() - {"audio", "target"} <= {"language", "question"}


def test_paths_are_relative_below_the_manifest_and_absolute_elsewhere(tmp_path: Path) -> None:
    inside, outside = example(tmp_path / "here", "a.wav"), example(tmp_path, "b.wav")
    rows = clean_rows([inside, outside], "label", tmp_path / "here")
    assert [row["audio"] for row in rows] == ["a.wav", str(tmp_path / "b.wav")]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path, clips = tmp_path / "clips.jsonl", [example(tmp_path)]
    assert write_clean(path, clips, "label", cache_folder=tmp_path)
    assert not write_clean(path, clips, "label", cache_folder=tmp_path)  # the same again
    before = path.read_bytes()
    with pytest.raises(InputError, match="holds something else"):
        write_clean(path, [replace(clips[0], target="cat")], "label", cache_folder=tmp_path)
    assert path.read_bytes() == before
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        write_clean(tmp_path / "folder.jsonl", clips, "label", cache_folder=tmp_path)
    with pytest.raises(InputError, match=r"must end in \.jsonl"):
        write_clean(tmp_path / "clips.csv", clips, "label", cache_folder=tmp_path)


def test_what_a_manifest_cannot_hold_is_not_written(tmp_path: Path) -> None:
    """Two channels in one clip: a manifest has one for all pieces."""
    pieces = (AudioPiece(str(tmp_path / "a.wav"), channel=0), AudioPiece(str(tmp_path / "a.wav"), channel=1))
    odd = replace(example(tmp_path), audio=pieces)
    with pytest.raises(InputError, match=r"cannot hold 1 of 2 clips .*the first is 'a\.wav'\. Nothing was written"):
        write_clean(tmp_path / "new" / "clips.jsonl", [odd, example(tmp_path, "b.wav")], "label", cache_folder=tmp_path)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_row_is_plain(tmp_path: Path) -> None:
    write_clean(tmp_path / "c.jsonl", [example(tmp_path, "ü.wav", split="train")], "label", cache_folder=tmp_path)
    line = (tmp_path / "c.jsonl").read_text(encoding="utf-8")
    assert json.loads(line) == {"audio": "ü.wav", "label": "dog", "id": "ü.wav", "group": "ü.wav", "split": "train"}
    assert "ü" in line


def test_one_clip_of_pieces_is_a_row_and_no_list_of_clips(tmp_path: Path) -> None:
    piece = AudioPiece(str(tmp_path / "a.wav"), start_seconds=0.5, seconds=1.0)
    clip = replace(example(tmp_path), audio=(piece,))
    assert write_clean(tmp_path / "c.jsonl", [clip], "label", cache_folder=tmp_path)
    assert again(tmp_path / "c.jsonl", tmp_path) == [clip]
