"""Selection tables of Raven, alone and in a folder of recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


COLUMNS = ["Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"]


def table(rows: list[list[object]], *further: str) -> str:
    return "".join("\t".join(map(str, row)) + "\n" for row in [[*COLUMNS, *further], *rows])


BOTH_VIEWS = [
    [1, "Waveform 1", 1, 0.01, 0.05, 100, 900, "wren"],
    [1, "Spectrogram 1", 1, 0.01, 0.05, 100, 900, "wren"],
    [2, "Waveform 1", 1, 0.05, 0.09, 100, 900, "owl"],
    [2, "Spectrogram 1", 1, 0.05, 0.09, 100, 900, "owl"],
]


def test_tables_called_after_their_recordings(lay: Lay, read_source: Read) -> None:
    texts = {f"{name}.Table.1.selections.txt": table(BOTH_VIEWS, "Species") for name in ("a", "b")}
    reading = read_source(lay(["a.wav", "b.flac", "c.wav"], texts))
    found = [(Path(c.audio[0].path).name, c.target, c.start_seconds, c.seconds, c.group) for c in reading.examples]
    assert found[:2] == [("a.wav", "wren", 0.01, 0.04, "a.wav"), ("a.wav", "owl", 0.05, 0.04, "a.wav")]
    assert found[2][0] == "b.flac"
    assert {clip.audio[0].channel for clip in reading.examples} == {0}
    said = str(reading.account)
    assert "the column Species" in said
    assert "Waveform 1 are read" in said
    assert "c.wav" in str(reading.account.files_unread)


def test_begin_files_and_offsets(lay: Lay, read_source: Read) -> None:
    rows = [
        [1, "Spectrogram 1", 1, 0.02, 0.05, 100, 900, "C:\\rec\\a.wav", 0.02, "wren", "x"],
        [2, "Spectrogram 1", 1, 0.12, 0.15, 100, 900, "C:\\rec\\b.wav", 0.02, "owl", "y"],
    ]
    text = table(rows, "Begin Path", "File Offset (s)", "Species", "Observer")
    folder = lay(["a.wav", "b.wav"], {"all.txt": text})
    with pytest.raises(InputError, match=r"several columns may be the label \(Species, Observer\)"):
        read_source(folder)
    for source in (folder, folder / "all.txt"):
        examples = read_source(source, label="Species").examples
        found = [(Path(clip.audio[0].path).name, clip.start_seconds, clip.seconds) for clip in examples]
        assert found == [("a.wav", 0.02, 0.03), ("b.wav", 0.02, 0.03)]


def test_several_files_without_offsets(lay: Lay, read_source: Read) -> None:
    rows = [[1, "S", 1, 0, 1, 1, 2, "a.wav", "wren"], [2, "S", 1, 9, 10, 1, 2, "b.wav", "owl"]]
    folder = lay(["a.wav", "b.wav"], {"all.txt": table(rows, "Begin File", "Species")})
    with pytest.raises(InputError, match=r"File Offset \(s\)"):
        read_source(folder)


def test_a_table_of_no_recording(lay: Lay, read_source: Read) -> None:
    folder = lay(["b.wav"], {"a.selections.txt": table(BOTH_VIEWS, "Species")})
    with pytest.raises(InputError, match=r"names no sound file, and no a\.wav"):
        read_source(folder)


def test_folders_of_splits(lay: Lay, read_source: Read) -> None:
    texts = {f"{split}/a.selections.txt": table(BOTH_VIEWS, "Species") for split in ("train", "test")}
    reading = read_source(lay(["train/a.wav", "test/a.wav"], texts))
    assert {clip.split for clip in reading.examples} == {"train", "test"}
    assert len({clip.id for clip in reading.examples}) == 4
    assert len({clip.group for clip in reading.examples}) == 2
