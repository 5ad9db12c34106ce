"""Exports of Label Studio."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]
WAVS = ["a.wav", "b.wav"]


def task(sound: str, *annotations: list[dict[str, Any]], key: str = "audio", **further: Any) -> dict[str, Any]:
    made = [{"result": result, "was_cancelled": False} for result in annotations]
    return {"id": 1, "data": {key: sound, "title": "x"}, "annotations": made, **further}


def choice(label: str) -> dict[str, Any]:
    return {"type": "choices", "from_name": "c", "to_name": "audio", "value": {"choices": [label]}}


def region(start: float, label: str | None = None, text: str | None = None, name: str = "r") -> dict[str, Any]:
    kind = {"type": "labels"} if label is not None else {"type": "textarea"}
    value = {"labels": [label]} if label is not None else {"text": [text]}
    return {"id": name, **kind, "value": {"start": start, "end": start + 0.5, "channel": 0, **value}}


def export(*tasks: dict[str, Any]) -> dict[str, str]:
    return {"export.json": json.dumps(tasks)}


@pytest.mark.parametrize(
    "form",
    [
        "{}",
        "/data/upload/1/{}",
        "/data/upload/1/0a1b2c3d-{}",
        "/data/local-files/?d=sounds/{}",
        "https://host/data/upload/1/{}",
        "s3://bucket/x/{}",
    ],
)
@pytest.mark.parametrize("key", ["audio", "url"])
def test_choices_and_where_their_sound_lies(lay: Lay, read_source: Read, form: str, key: str) -> None:
    tasks = [task(form.format(name), [choice(name[0])], key=key) for name in WAVS]
    reading = read_source(lay(WAVS, export(*tasks)) / "export.json")
    assert [(Path(clip.audio[0].path).name, clip.target) for clip in reading.examples] == [
        ("a.wav", "a"),
        ("b.wav", "b"),
    ]
    assert all(Path(clip.audio[0].path).is_file() for clip in reading.examples)
    assert reading.account.layout == "Label Studio (export.json)"


def test_regions_are_stretches(lay: Lay, read_source: Read) -> None:
    tasks = [task(name, [region(0, "dog", name="1"), region(0.5, "cat", name="2")]) for name in WAVS]
    reading = read_source(lay(WAVS, export(*tasks), seconds=2) / "export.json")
    assert [(clip.group, clip.start_seconds, clip.seconds, clip.target) for clip in reading.examples] == [
        ("a.wav", 0, 0.5, "dog"),
        ("a.wav", 0.5, 0.5, "cat"),
        ("b.wav", 0, 0.5, "dog"),
        ("b.wav", 0.5, 0.5, "cat"),
    ]


def test_texts_of_regions_and_of_whole_sounds(lay: Lay, read_source: Read) -> None:
    whole = {"type": "textarea", "value": {"text": ["all of", "it"]}}
    parts = [region(0.5, "Speaker 1", name="x"), region(0.5, text="a part", name="x")]
    reading = read_source(
        lay(WAVS, export(task("a.wav", [whole]), task("b.wav", parts)), seconds=2) / "export.json", "text"
    )
    assert [(clip.group, clip.start_seconds, clip.target) for clip in reading.examples] == [
        ("a.wav", 0, "all of it"),
        ("b.wav", 0.5, "a part"),
    ]


def test_several_choices_are_several_labels(lay: Lay, read_source: Read) -> None:
    both = {"type": "choices", "value": {"choices": ["dog", "rain"]}}
    folder = lay(WAVS, export(task("a.wav", [both]), task("b.wav", [choice("dog")])))
    assert [clip.target for clip in read_source(folder / "export.json", "labels").examples] == [
        ["dog", "rain"],
        ["dog"],
    ]
    with pytest.raises(InputError, match="is a list"):
        read_source(folder / "export.json")


def test_open_tasks_are_counted_and_annotators_who_differ_refused(lay: Lay, read_source: Read) -> None:
    cancelled = task("b.wav", [choice("x")])
    cancelled["annotations"][0]["was_cancelled"] = True
    folder = lay(WAVS, export(task("a.wav", [choice("x")], [choice("x")]), cancelled))
    reading = read_source(folder / "export.json")
    assert [clip.target for clip in reading.examples] == ["x"]
    assert "1 tasks of export.json have no answer for label and are no clips." in reading.account.guesses
    folder = lay([], export(task("a.wav", [choice("x")], [choice("y")]), task("b.wav", [choice("x")])))
    with pytest.raises(InputError, match="entry 1: has 2 annotations, which differ"):
        read_source(folder / "export.json")
    with pytest.raises(InputError, match="no annotation holds rating or number"):
        read_source(lay([], export(task("a.wav", [choice("x")]))) / "export.json", "targets")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_short_export(lay: Lay, read_source: Read, form: str) -> None:
    rows = [
        {"audio": f"/data/upload/1/0a1b2c3d-{name}", "id": n, "choice": name[0], "annotator": 1, "annotation_id": n}
        | {"created_at": "x", "updated_at": "y", "lead_time": 1.5}
        for n, name in enumerate(WAVS)
    ]
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    text = json.dumps(rows) if form == "json" else "\n".join(lines)
    reading = read_source(lay(WAVS, {f"export.{form}": text}) / f"export.{form}")
    assert [(clip.id, clip.target) for clip in reading.examples] == [("a.wav", "a"), ("b.wav", "b")]
    assert "annotator" in reading.account.guesses[0]
