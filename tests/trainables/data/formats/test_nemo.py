"""NeMo's manifests."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainables.data.reading import Reading

Lay, Read = Callable[..., Path], Callable[..., Reading]


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


ROWS = (
    {"audio_filepath": "a.wav", "duration": 0.05, "offset": 0.02, "text": "one", "speaker": "ann", "lang": "en"},
    {"audio_filepath": "b.wav", "duration": 0.1, "offset": 0.0, "text": "two", "speaker": "bo", "lang": "en"},
)


@pytest.mark.parametrize("name", ["train_manifest.json", "t.jsonl", "t.ndjson", "array.json", "t.json.gz"])
def test_offset_and_duration_are_a_stretch(lay: Lay, read_source: Read, name: str) -> None:
    text = json.dumps(ROWS) if name == "array.json" else lines(*ROWS)
    folder = lay(["a.wav", "b.wav"])
    (folder / name).write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    examples = read_source(folder / name, "text").examples
    found = [(clip.target, clip.group, clip.language, clip.start_seconds, clip.seconds) for clip in examples]
    assert found == [("one", "ann", "en", 0.02, 0.05), ("two", "bo", "en", 0.0, 0.1)]


def test_without_an_offset_the_duration_is_the_file_s(lay: Lay, read_source: Read) -> None:
    rows = [{"audio_filepath": "a.wav", "duration": 0.1, "label": "x"}]
    (example,) = read_source(lay(["a.wav"], {"t.json": lines(*rows)}) / "t.json").examples
    assert (example.target, example.start_seconds, example.seconds) == ("x", 0.0, 0.1)


@pytest.mark.parametrize("home", ["", "lists", "lists/asr"])
def test_paths_may_begin_where_the_recipe_ran(lay: Lay, read_source: Read, home: str) -> None:
    rows = [{"audio_filepath": "data/wav/a.wav", "duration": 0.1, "text": "one"}]
    folder = lay(["data/wav/a.wav"], {f"{home}/t.json".lstrip("/"): lines(*rows)})
    reading = read_source(folder / home / "t.json", "text")
    assert reading.examples[0].audio[0].path == str(folder / "data/wav/a.wav")
    assert ("begin at" in " ".join(reading.account.guesses)) == bool(home)


def test_funasr_calls_the_sound_source(lay: Lay, read_source: Read) -> None:
    row = {"key": "u1", "source": "a.wav", "source_len": 30, "target": "hello", "target_len": 1}
    (clip,) = read_source(lay(["a.wav"], {"t.jsonl": json.dumps(row) + "\n"}) / "t.jsonl", "text").examples
    assert (clip.id, clip.target) == ("u1", "hello")
