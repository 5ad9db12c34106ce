"""Label tracks of Audacity beside their recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


def test_stretches_are_clips(lay: Lay, read_source: Read) -> None:
    texts = {
        "a.txt": "0.010000\t0.050000\twren\n\\\t100.0\t900.0\n0.06\t0.06\tmark\n0.060000\t0.090000\towl\n",
        "b_labels.txt": "0,01\t0,02\towl\n0.03\t0.04\t\n",
    }
    reading = read_source(lay(["a.wav", "b.wav", "c.wav"], texts))
    found = [(Path(c.audio[0].path).name, c.target, c.start_seconds, c.seconds, c.group) for c in reading.examples]
    assert found == [
        ("a.wav", "wren", 0.01, 0.04, "a.wav"),
        ("a.wav", "owl", 0.06, 0.03, "a.wav"),
        ("b.wav", "owl", 0.01, 0.01, "b.wav"),
    ]
    said = " ".join(reading.account.guesses)
    assert "1 labels of a point in time" in said
    assert "1 stretches without a label" in said
    assert "c.wav" in str(reading.account.files_unread)


def test_labels_may_be_transcripts(lay: Lay, read_source: Read) -> None:
    reading = read_source(lay(["a.wav"], {"a.txt": "0.01\t0.05\thello you\n"}), "text")
    assert reading.examples[0].target == "hello you"


def test_other_texts_beside_recordings_are_no_label_tracks(lay: Lay, read_source: Read) -> None:
    folder = lay(["x/a.wav", "y/b.wav"], {"x/a.txt": "hello you\n", "y/b.txt": "0.1\t0.2\tone\n"})
    assert {clip.target for clip in read_source(folder).examples} == {"x", "y"}


def test_a_line_of_another_form(lay: Lay, read_source: Read) -> None:
    with pytest.raises(InputError, match=r"a\.txt line 2: is not START, END and LABEL"):
        read_source(lay(["a.wav"], {"a.txt": "0.01\t0.05\twren\nnothing\n"}))


def test_folders_of_splits(lay: Lay, read_source: Read) -> None:
    texts = {f"{split}/a.txt": "0.01\t0.05\twren\n" for split in ("train", "test")}
    reading = read_source(lay(["train/a.wav", "test/a.wav"], texts))
    assert {(clip.id.split("/")[0], clip.split) for clip in reading.examples} == {("train", "train"), ("test", "test")}


def test_tables_of_more_columns_are_no_label_tracks(lay: Lay, read_source: Read) -> None:
    """ICBHI's breathing cycles: start, end, crackles, wheezes."""
    folder = lay(["a/1.wav", "b/2.wav"], dict.fromkeys(("a/1.txt", "b/2.txt"), "0.01\t0.05\t0\t1\n"))
    assert {clip.target for clip in read_source(folder).examples} == {"a", "b"}
