"""GigaSpeech's JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainables.data.reading import Reading

Lay, Read = Callable[..., Path], Callable[..., Reading]


def recording(name: str, subset: str, *texts: str) -> dict[str, Any]:
    segments = [
        {"sid": f"{name}{n}", "begin_time": n / 2, "end_time": n / 2 + 0.25, "text_tn": text, "subsets": [subset]}
        for n, text in enumerate(texts)
    ]
    return {"aid": name, "path": f"audio/{name}.wav", "subsets": [subset], "segments": segments}


def laid(lay: Lay, *recordings: dict[str, Any]) -> Path:
    whole = {"dataset": "GigaSpeech", "language": "EN", "audios": list(recordings)}
    return lay([each["path"] for each in recordings], {"GigaSpeech.json": json.dumps(whole)}, seconds=2)


def test_segments_and_their_splits(lay: Lay, read_source: Read) -> None:
    folder = laid(
        lay,
        recording("A", "{XL}", "HELLO <COMMA> YOU <PERIOD>", "<MUSIC>", "WHO <QUESTIONMARK>"),
        recording("B", "{DEV}", "ONE"),
        recording("C", "{TEST}", "TWO"),
    )
    reading = read_source(folder / "GigaSpeech.json", "text")
    assert [(clip.id, clip.group, clip.split, clip.start_seconds, clip.target) for clip in reading.examples] == [
        ("A0", "A", "train", 0, "HELLO, YOU."),
        ("A2", "A", "train", 1, "WHO?"),
        ("B0", "B", "validation", 0, "ONE"),
        ("C0", "C", "test", 0, "TWO"),
    ]
    assert any(sentence.startswith("1 segments of no speech") for sentence in reading.account.guesses)


def test_one_subset_gives_no_split(lay: Lay, read_source: Read) -> None:
    reading = read_source(laid(lay, recording("A", "{XS}", "ONE")) / "GigaSpeech.json", "text")
    assert [clip.split for clip in reading.examples] == [None]
