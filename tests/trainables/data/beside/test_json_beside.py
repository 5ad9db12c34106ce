"""One JSON for each sound."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]
NAMES = ("a0", "a1", "a2", "a3")
CATS = ["cat", "dog", "cat", "dog"]


def files(where: str, of: Callable[[int], Any]) -> dict[str, str]:
    return {where.format(name): json.dumps(of(number)) for number, name in enumerate(NAMES)}


def described(number: int) -> Mapping[str, Any]:
    """What an annotation tool may write; the file that it names is that of another machine."""
    stretch = {"start": 0.5, "end": 1.5, "speaker": f"s{number // 2}"}
    return {"id": 7, "file": "/mnt/x.wav", "text": f"said {number}", "label": CATS[number], **stretch}


@pytest.mark.parametrize("where", ["{}.json", "{}.wav.json", "notes/{}.json", "notes/{}.JSON"])
@pytest.mark.parametrize("column", ["label", "text"])
def test_keys_are_columns(lay: Lay, read_source: Read, where: str, column: str) -> None:
    reading = read_source(lay([f"{name}.wav" for name in NAMES], files(where, described), seconds=2), column)
    right = CATS if column == "label" else [f"said {number}" for number in range(4)]
    assert [clip.target for clip in reading.examples] == right
    assert [clip.group for clip in reading.examples] == ["s0", "s0", "s1", "s1"]
    assert {(clip.start_seconds, clip.seconds) for clip in reading.examples} == {(0.5, 1.0)}
    assert [Path(clip.audio[0].path).stem for clip in reading.examples] == [*NAMES]


def test_folders_are_splits(lay: Lay, read_source: Read) -> None:
    sounds = [f"{split}/{name}.wav" for split in ("train", "dev", "test") for name in NAMES]
    texts = {name.replace(".wav", ".json"): json.dumps({"transcript": f"of {name}"}) for name in sounds}
    reading = read_source(lay(sounds, texts), "text")
    assert {clip.split for clip in reading.examples} == {"train", "validation", "test"}
    assert {clip.target for clip in reading.examples} == {f"of {name}" for name in sounds}


SEGMENTS = [{"id": 0, "start": 0.0, "end": 1.0, "text": "one"}, {"id": 1, "start": 1.0, "end": 2.0, "text": "two"}]


@pytest.mark.parametrize("content", [{"text": "one two", "language": "en", "segments": SEGMENTS}, SEGMENTS])
def test_a_list_with_times_is_a_clip_each(lay: Lay, read_source: Read, content: Any) -> None:
    folder = lay([f"{name}.wav" for name in NAMES], files("{}.json", lambda number: content), seconds=2)
    reading = read_source(folder, "text")
    assert [(clip.target, clip.start_seconds, clip.seconds) for clip in reading.examples] == [
        ("one", 0.0, 1.0),
        ("two", 1.0, 1.0),
    ] * 4
    if isinstance(content, dict):
        whole = read_source(folder, "text", text="text")
        assert [(clip.target, clip.seconds) for clip in whole.examples] == [("one two", None)] * 4


def test_keys_of_an_object_inside(lay: Lay, read_source: Read) -> None:
    folder = lay(
        [f"{name}.wav" for name in NAMES],
        files("{}.json", lambda number: {"by": "me", "annotation": {"kind": CATS[number]}}),
    )
    with pytest.raises(InputError, match=r"no column 'label'; its columns are by, annotation\.kind"):
        read_source(folder)
    assert [clip.target for clip in read_source(folder, label="annotation.kind").examples] == CATS


def test_class_folders_stand_above(lay: Lay, read_source: Read) -> None:
    sounds = ["cat/1.wav", "cat/2.wav", "dog/3.wav", "dog/4.wav"]
    texts = {name.replace(".wav", ".json"): json.dumps({"label": "good", "license": "CC0"}) for name in sounds}
    assert [clip.target for clip in read_source(lay(sounds, texts)).examples] == ["cat", "cat", "dog", "dog"]


@pytest.mark.parametrize("broken", ["{", "[1, 2]", '"text"', "", "[" * 100_000])
def test_a_broken_file_is_one_row(lay: Lay, read_source: Read, broken: str) -> None:
    folder = lay([f"{name}.wav" for name in NAMES], files("{}.json", described) | {"a2.json": broken}, seconds=2)
    with pytest.raises(InputError, match=r"a2\.json: (is no JSON|holds neither)"):
        read_source(folder)
    assert [clip.target for clip in read_source(folder, skip=1).examples] == ["cat", "dog", "dog"]
