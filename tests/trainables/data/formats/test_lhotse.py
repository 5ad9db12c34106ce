"""Lhotse's manifests of cuts, and of supervisions beside recordings."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def recording(name: str = "r1", channels: int = 1, **further: Any) -> dict[str, Any]:
    source = {"type": "file", "channels": list(range(channels)), "source": f"wav/{name}.wav"}
    return {"id": name, "sources": [source], "sampling_rate": 16000, "num_samples": 1600, "duration": 0.1, **further}


def said(text: str = "one", start: float = 0.0, speaker: str | None = "ann", **further: Any) -> dict[str, Any]:
    fixed = {"id": "s", "recording_id": "r1", "duration": 0.04, "channel": 0, "language": "English"}
    return {**fixed, "start": start, "text": text} | ({"speaker": speaker} if speaker else {}) | further


def cut(name: str = "c1", start: float = 0.0, **further: Any) -> dict[str, Any]:
    fixed = {"id": name, "duration": 0.05, "channel": 0, "recording": recording(), "type": "MonoCut"}
    return {**fixed, "start": start, "supervisions": [said()], **further}


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
def test_cuts(lay: Lay, read_source: Read, ending: str) -> None:
    spoken = [said("three", 0.02), said("two", 0.0)]
    text = lines(cut(), cut("c2", 0.05, supervisions=spoken, custom={"snr": "low"}))
    folder = lay(["wav/r1.wav"], {"data/cuts.jsonl": text})
    (folder / "data/cuts.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    reading = read_source(folder / f"data/cuts.{ending}", "text")
    found = [(c.id, c.target, c.group, c.language, c.start_seconds, c.seconds) for c in reading.examples]
    assert found == [
        ("c1", "one", "ann", "English", 0.0, 0.05),
        ("c2", "two three", "ann", "English", 0.05, 0.05),
    ]
    assert reading.examples[0].audio[0].path == str(folder / "wav/r1.wav")
    assert "2 of 2" in reading.account.origins["group"]
    assert "speaker" not in reading.account.columns_unread
    named = read_source(folder / f"data/cuts.{ending}", label="speaker")
    assert {clip.target for clip in named.examples} == {"ann"}


def test_channels_voices_and_labels(lay: Lay, read_source: Read) -> None:
    stereo = recording(channels=2)
    rows = [
        cut("c1", recording=stereo, channel=1, supervisions=[said(speaker=None, custom={"emotion": "sad"})]),
        cut("c2", recording=stereo, channel=0, supervisions=[said(speaker=None, custom={"emotion": "glad"})]),
    ]
    folder = lay(["wav/r1.wav"], {"cuts.jsonl": lines(*rows)})
    examples = read_source(folder / "cuts.jsonl", label="emotion").examples
    found = [(clip.target, clip.group, clip.audio[0].channel) for clip in examples]
    assert found == [("sad", "r1", 1), ("glad", "r1", 0)]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"id": "m", "type": "MixedCut", "tracks": []}, "is a MixedCut"),
        (cut(type="MultiCut", channel=[0, 1]), "is a MultiCut"),
        (cut(supervisions=[said(), said(speaker="bo")]), "holds several voices.*trim-to-supervisions"),
        (
            cut(recording=recording(transforms=[{"name": "Speed", "kwargs": {"factor": 0.9}}])),
            "changed when it is loaded",
        ),
        (cut(recording=None), "has no recording"),
        (cut(recording={**recording(), "sources": [{"type": "command", "channels": [0], "source": "x |"}]}), "command"),
        (cut(supervisions=[]), "text.* is empty"),
    ],
)
def test_cuts_that_are_no_stretch_of_a_file(lay: Lay, read_source: Read, row: dict[str, Any], expected: str) -> None:
    folder = lay(["wav/r1.wav"], {"cuts.jsonl": lines(cut("good"), row)})
    with pytest.raises(InputError, match=rf"cuts\.jsonl line 2: .*{expected}"):
        read_source(folder / "cuts.jsonl", "text")
    assert [clip.id for clip in read_source(folder / "cuts.jsonl", "text", skip=1).examples] == ["good"]


def test_supervisions_beside_their_recordings(lay: Lay, read_source: Read) -> None:
    texts = {
        "set_recordings_train.jsonl": lines(recording()),
        "set_supervisions_train.jsonl": lines(said("two", 0.02), said("nine", recording_id="r9", id="t")),
    }
    folder = lay(["wav/r1.wav"], texts)
    reading = read_source(folder / "set_supervisions_train.jsonl", "text", skip=1)
    (clip,) = reading.examples
    assert (clip.id, clip.target, clip.group, clip.start_seconds, clip.seconds) == ("s", "two", "ann", 0.02, 0.04)
    with pytest.raises(InputError, match="without what is said"):
        read_source(folder / "set_recordings_train.jsonl", "text")
    (folder / "set_recordings_train.jsonl").unlink()
    with pytest.raises(InputError, match=r"set_recordings_train\.jsonl.*lhotse cut simple"):
        read_source(folder / "set_supervisions_train.jsonl", "text")
