"""NSynth's notes and MTG-Jamendo's tracks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


def test_nsynth(lay: Lay, read_source: Read) -> None:
    sounds, texts = [], {}
    for split in ("train", "valid", "test"):
        notes = {}
        for family, number in (("bass", 1), ("flute", 2)):
            name = f"{family}_acoustic_{split}-0{number}-100"
            notes[name] = {"note_str": name, "instrument_str": f"{family}_{split}", "instrument_family_str": family}
            sounds.append(f"nsynth-{split}/audio/{name}.wav")
        texts[f"nsynth-{split}/examples.json"] = json.dumps(notes)
    reading = read_source(lay(sounds, texts))
    found = {(clip.target, clip.group, clip.split) for clip in reading.examples}
    assert found == {
        (family, f"{family}_{name}", split)
        for family in ("bass", "flute")
        for name, split in (("train", "train"), ("valid", "validation"), ("test", "test"))
    }
    assert all(Path(clip.audio[0].path).is_file() for clip in reading.examples)


TRACKS = "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\n"
ROWS = ("t1\ta1\tb1\t00/1.mp3\t0.1\trock\thappy\n", "t2\ta1\tb2\t00/2.mp3\t0.1\trock\n")


def test_jamendo_has_a_cell_for_each_tag(lay: Lay, read_source: Read) -> None:
    folder = lay(["00/1.mp3", "00/2.mp3"], {"tags.tsv": TRACKS + "".join(ROWS)}, seconds=0.3)
    reading = read_source(folder / "tags.tsv", "labels")
    assert [(clip.id, clip.group, clip.target) for clip in reading.examples] == [
        ("t1", "a1", ["rock", "happy"]),
        ("t2", "a1", ["rock"]),
    ]
    with pytest.raises(InputError, match="a class is one text"):
        read_source(folder / "tags.tsv")
