"""Transcripts in files beside the sound, and what must not be taken for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables.data.layouts.folders import read_folder
from trainables.data.reading import Reading, Wanted
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


def clip(path: Path, text: str | None = None, ending: str = ".txt") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.full(800, 0.1, np.float32), 8000, format="WAV")
    if text is not None:
        path.with_name(path.name.rpartition(".")[0] + ending).write_text(text, encoding="utf-8")


def read(folder: Path, column: str = "text") -> Reading:
    return read_folder(folder, Wanted(column=column, cache_folder=folder / "cache"))


@pytest.mark.parametrize("ending", [".txt", ".lab", ".normalized.txt"])
def test_texts_beside_the_sound_are_read(tmp_path: Path, ending: str) -> None:
    for number in range(4):
        clip(tmp_path / f"s{number // 2}" / f"{number}.wav", f"Straße {number}\n", ending)
    clip(tmp_path / "s0" / "silent.wav")
    found = read(tmp_path)
    assert [example.target for example in found.examples] == [f"Straße {number}" for number in range(4)]
    assert f"4 {ending} files" in found.account.origins["text"]
    assert found.account.files_unread[".wav", "no text lies beside it"] == ["s0/silent.wav"]


def test_timit_gives_texts_without_samples_and_the_splits_of_its_folders(tmp_path: Path) -> None:
    for split in ("TRAIN", "TEST"):
        for number in range(3):
            clip(tmp_path / split / "DR1" / "FCJF0" / f"SA{number}.WAV", f"0 46797 She had {number} suits.\n", ".TXT")
    found = read(tmp_path)
    assert {example.target for example in found.examples} == {f"She had {number} suits." for number in range(3)}
    assert [example.split for example in found.examples] == ["test"] * 3 + ["train"] * 3
    assert "(6 of them) are samples" in found.account.guesses[0]


def test_numbers_that_are_said_stay(tmp_path: Path) -> None:
    for number, text in enumerate(["10 20 thirty", "good morning", "5 6 7"]):
        clip(tmp_path / f"{number}.wav", text)
    assert [example.target for example in read(tmp_path).examples] == ["10 20 thirty", "good morning", "5 6 7"]


def test_lines_are_joined_and_empty_texts_stay_empty(tmp_path: Path) -> None:
    clip(tmp_path / "a.wav", "one\n\n two \n")
    clip(tmp_path / "b.wav", "")
    found = read(tmp_path)
    assert [example.target for example in found.examples] == ["one two", ""]
    assert "1 texts have several" in found.account.guesses[0]


def test_labels_with_times_are_no_transcripts(tmp_path: Path) -> None:
    for number in range(3):
        clip(tmp_path / f"{number}.wav", "0 100 h#\n100 800 sh\n", ".lab")
    with pytest.raises(InputError, match="no class folders"):
        read(tmp_path)


def test_readmes_beside_a_few_files_and_other_tasks_change_nothing(tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        for number in range(3):
            clip(tmp_path / label / f"{number}.wav", "about" if number == 0 else None)
    assert {example.target for example in read(tmp_path, "label").examples} == {"cat", "dog"}
    with pytest.raises(InputError, match="needs a column 'text'"):
        read(tmp_path)


def test_a_table_that_names_the_sound_of_class_folders_is_pointed_at(tmp_path: Path) -> None:
    for label in ("no", "yes"):
        for number in range(3):
            clip(tmp_path / "clips" / label / f"{label}{number}.wav")
    rows = [f"TRAIN,{label}/{label}{n}.wav,s{n}" for label in ("no", "yes") for n in range(3)]
    (tmp_path / "splits.csv").write_text("\n".join(["SET,LINK,SPEAKER", *rows]))
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    (advice,) = read(tmp_path, "label").account.advice
    assert "splits.csv names 6 of the clips in its column 'LINK'" in advice
    assert "(SET, SPEAKER)" in advice


def test_texts_in_folders_that_are_called_alike(lay: Lay, read_source: Read) -> None:
    names = [(speaker, number) for speaker in ("p225", "p226") for number in (1, 2)]
    sounds = [f"wav48/{who}/{who}_00{n}_mic{mic}.flac" for who, n in names for mic in (1, 2)]
    texts = {f"txt/{who}/{who}_00{n}.txt": f"word {n} of {who}\n" for who, n in names}
    reading = read_source(lay(sounds, {**texts, "speaker-info.txt": "ID AGE\n"}), "text")
    found = {clip.id: (clip.target, clip.group) for clip in reading.examples}
    assert found == {
        f"wav48/{who}/{who}_00{n}_mic{mic}.flac": (f"word {n} of {who}", who) for who, n in names for mic in (1, 2)
    }
    assert reading.account.origins["group"] == "the folder that sound and text have in common"


@pytest.mark.parametrize("ending", [".WAV", ".WAV.wav"])  # as NIST and as Kaggle have it
def test_timit_groups_by_speaker(lay: Callable[..., Path], read_source: Callable[..., Reading], ending: str) -> None:
    names = [f"{split}/DR1/{voice}/S{n}" for split, voice in (("TRAIN", "FCJF0"), ("TEST", "FAKS0")) for n in (1, 2)]
    folder = lay([name + ending for name in names], {name + ".TXT": f"0 46797 She had {name[-1]}.\n" for name in names})
    reading = read_source(folder, "text")
    assert [(clip.group, clip.split) for clip in reading.examples] == [("FAKS0", "test")] * 2 + [("FCJF0", "train")] * 2


def test_folders_of_sound_and_texts_side_by_side(lay: Lay, read_source: Read) -> None:
    """L2-ARCTIC: the same sentences of every speaker, in folders of the same names."""
    names = [(voice, n) for voice in ("ABA", "BWC") for n in "12"]
    texts = {f"{voice}/transcript/a{n}.txt": f"{voice} says {n}" for voice, n in names}
    texts |= {f"{voice}/annotation/a{n}.TextGrid": "x" for voice, n in names}
    reading = read_source(lay([f"{voice}/wav/a{n}.wav" for voice, n in names], texts), "text")
    assert [clip.target for clip in reading.examples] == [f"{voice} says {n}" for voice, n in names]
