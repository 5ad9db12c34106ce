"""RAVDESS: the class stands in the name of the file, the folder is the actor's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


def names(home: str = "", end: str = "") -> list[str]:
    return [
        f"{home}Actor_{actor:02d}/03-01-0{emotion}-01-01-01-{actor:02d}{end}.wav"
        for actor in (1, 2)
        for emotion in (1, 5, 8)
    ]


@pytest.mark.parametrize("home", ["", "Audio_Speech_Actors_01-24/"])
@pytest.mark.parametrize("end", ["", "-7"])
def test_emotions_are_labels_and_actors_are_groups(lay: Lay, read_source: Read, home: str, end: str) -> None:
    reading = read_source(lay(names(home, end)))
    assert {(clip.target, clip.group) for clip in reading.examples} == {
        (emotion, actor) for emotion in ("neutral", "angry", "surprised") for actor in ("actor 01", "actor 02")
    }
    assert "third number" in reading.account.origins["label"]


def test_all_in_one_folder(lay: Lay, read_source: Read) -> None:
    reading = read_source(lay([Path(name).name for name in names()]))
    assert {clip.target for clip in reading.examples} == {"neutral", "angry", "surprised"}
    assert {clip.group for clip in reading.examples} == {"actor 01", "actor 02"}


def test_other_numbers_of_the_name_may_be_the_label(lay: Lay, read_source: Read) -> None:
    assert {clip.target for clip in read_source(lay(names()), label="intensity").examples} == {"normal"}


def test_folders_of_actors_with_other_names_are_no_ravdess(lay: Lay, read_source: Read) -> None:
    reading = read_source(lay([f"Actor_0{actor}/{take}.wav" for actor in (1, 2) for take in (1, 2)]))
    assert {clip.target for clip in reading.examples} == {"Actor_01", "Actor_02"}


def test_a_recogniser_is_told_what_there_is(lay: Lay, read_source: Read) -> None:
    with pytest.raises(InputError, match=r"RAVDESS.* has no 'text'"):
        read_source(lay(names()), "text")
