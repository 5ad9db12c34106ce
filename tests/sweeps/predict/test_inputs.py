"""What INPUT may be, and what is said of what it is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sweeps.predict.inputs import clips
from trainables.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b/2.wav", "a.flac", "b/1.WAV", ".hidden/x.wav", "b/.y.wav", "notes.txt", "c/d/3.mp3"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def names(words: list[str], folder: Path) -> list[str]:
    return [str(Path(clip.audio[0].path).relative_to(folder)) for clip in clips(words)]


def test_a_folder_is_walked_in_order_without_what_is_hidden(folder: Path) -> None:
    assert names([str(folder)], folder) == ["a.flac", "b/1.WAV", "b/2.wav", "c/d/3.mp3"]


def test_files_and_patterns_in_the_order_given(folder: Path) -> None:
    assert names([f"{folder}/b/*.wav", f"{folder}/a.flac"], folder) == ["b/2.wav", "a.flac"]
    assert names([f"{folder}/**/*.mp3"], folder) == ["c/d/3.mp3"]


def test_a_table_names_stretches_and_needs_no_target(folder: Path) -> None:
    table = folder / "calls.csv"
    table.write_text("audio,start_seconds,seconds\nb/2.wav,1.5,2\nb/2.wav,4,2\n")
    found = list(clips([str(table)]))
    assert [(clip.start_seconds, clip.seconds) for clip in found] == [(1.5, 2.0), (4.0, 2.0)]
    lines = folder / "calls.jsonl"
    lines.write_text(json.dumps({"audio": "a.flac", "label": ["anything"]}))
    assert names([str(lines)], folder) == ["a.flac"]


def test_everything_that_names_nothing_is_said_at_once(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(InputError) as caught:
        clips([f"{folder}/none.wav", f"{folder}/*.ogg", str(folder / "empty")])
    assert len(caught.value.problems) == 3
    assert "holds no file of sound" in caught.value.problems[2]
