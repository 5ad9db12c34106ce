"""Where the paths of a table begin, when its files are not where it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.data.tables.homes import other_home

Lay, Read = Callable[..., Path], Callable[..., Reading]


@pytest.mark.parametrize(
    ("table", "sound", "written"),
    [
        ("t.csv", "clips/{}.wav", "{}.wav"),
        ("meta/t.csv", "audio/{}.wav", "{}.wav"),
        ("t.csv", "audio/wav/{}.wav", "{}.wav"),
        ("t.csv", "{}.flac", "{}"),
        ("t.csv", "train/{}.ogg", "{}"),
        ("data/lists/t.csv", "data/wav/{}.wav", "data/wav/{}.wav"),
        ("lists/t.csv", "audio/a/{}.wav", "a/{}.wav"),
    ],
)
def test_places_near_the_table(lay: Lay, read_source: Read, table: str, sound: str, written: str) -> None:
    rows = "".join(f"{written.format(n)},x\n" for n in range(3))
    folder = lay([sound.format(n) for n in range(3)], {table: "audio,label\n" + rows})
    reading = read_source(folder / table)
    assert [clip.audio[0].path for clip in reading.examples] == [str(folder / sound.format(n)) for n in range(3)]
    assert "the files are there" in " ".join(reading.account.guesses)


def test_where_the_files_are_nothing_is_guessed(lay: Lay, read_source: Read) -> None:
    folder = lay(["0.wav", "clips/0.wav", "clips/1.wav"], {"t.csv": "audio,label\n0.wav,x\n1.wav,y\n"})
    assert other_home(folder / "t.csv", folder, ["0.wav", "1.wav"]) is None
    assert read_source(folder / "t.csv").account.audio_homes == [folder]


def test_two_places_are_no_place(lay: Lay) -> None:
    folder = lay(["a/0.wav", "b/0.wav"])
    assert other_home(folder / "t.csv", folder, ["0.wav"]) is None
    assert other_home(folder / "b.csv", folder, ["0.wav"]) == (folder / "b", "")


def test_a_place_of_the_first_files_alone_is_none(lay: Lay) -> None:
    first = [f"blues.{number:05d}.wav" for number in range(25)]
    folder = lay([f"genres/blues/{name}" for name in first])
    assert other_home(folder / "t.csv", folder, first) == (folder / "genres" / "blues", "")
    assert other_home(folder / "t.csv", folder, [*first, *(f"rock.{number}.wav" for number in range(25))]) is None


def test_a_folder_that_the_sweep_file_gives_stands(lay: Lay) -> None:
    folder = lay(["given/0.wav", "clips/1.wav"])
    assert other_home(folder / "t.csv", folder / "given", ["1.wav"], fixed=True) is None
    assert other_home(folder / "t.csv", folder / "given", ["0"], fixed=True) == (folder / "given", ".wav")


def test_absolute_paths_are_left_alone(lay: Lay) -> None:
    folder = lay(["clips/0.wav"])
    assert other_home(folder / "t.csv", folder, ["/elsewhere/0.wav"]) is None
