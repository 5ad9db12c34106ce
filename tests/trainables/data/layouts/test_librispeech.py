"""LibriSpeech's tree, whole, in part, and half of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]
PARTS = {"train-clean-100": (19, 26), "dev-clean": (84,), "dev-other": (116,), "test-clean": (61,)}


def tree(home: str = "") -> tuple[list[str], dict[str, str]]:
    sounds, texts = [], {}
    for part, speakers in PARTS.items():
        for speaker in speakers:
            stem = f"{home}{part}/{speaker}/7/{speaker}-7"
            sounds += [f"{stem}-000{number}.flac" for number in range(2)]
            texts[f"{stem}.trans.txt"] = "".join(f"{speaker}-7-000{n} THE WORDS {n}\n" for n in range(2))
    return sounds, texts


@pytest.mark.parametrize("home", ["", "LibriSpeech/"])
def test_parts_are_splits_and_speakers_are_groups(lay: Lay, read_source: Read, home: str) -> None:
    reading = read_source(lay(*tree(home)), "text")
    found = {clip.id: (clip.target, clip.group, clip.split) for clip in reading.examples}
    assert len(found) == 10
    assert found["19-7-0000"] == ("THE WORDS 0", "19", "train")
    assert found["84-7-0001"] == ("THE WORDS 1", "84", "validation")
    assert found["116-7-0001"][2] == "validation"
    assert found["61-7-0001"][2] == "test"
    assert "dev-clean" in reading.account.origins["split"]


def test_one_part_alone_has_no_splits(lay: Lay, read_source: Read) -> None:
    reading = read_source(lay(*tree()) / "train-clean-100", "text")
    assert {clip.split for clip in reading.examples} == {None}
    assert {clip.group for clip in reading.examples} == {"19", "26"}


def test_sound_in_another_format_and_without_a_line(lay: Lay, read_source: Read) -> None:
    folder = lay(["19/7/19-7-0000.wav", "19/7/19-7-0009.wav"], {"19/7/19-7.trans.txt": "19-7-0000 ONE\n"})
    reading = read_source(folder, "text")
    assert [clip.audio[0].path for clip in reading.examples] == [str(folder / "19/7/19-7-0000.wav")]
    assert reading.account.files_unread[".wav", "no line of a .trans.txt names it"] == ["19/7/19-7-0009.wav"]


def test_a_classifier_is_told_what_there_is(lay: Lay, read_source: Read) -> None:
    folder = lay(*tree())
    with pytest.raises(InputError, match=r"LibriSpeech.* has no 'label'.*speaker"):
        read_source(folder)
    reading = read_source(folder, label="speaker", group="chapter")
    assert {clip.target for clip in reading.examples} == {"19", "26", "84", "116", "61"}


def test_the_test_part_alone(lay: Lay, read_source: Read) -> None:
    folder = lay(["test-clean/61/7/61-7-0000.flac"], {"test-clean/61/7/61-7.trans.txt": "61-7-0000 ONE\n"})
    reading = read_source(folder, "text")
    assert [clip.split for clip in reading.examples] == [None]
    assert "test-clean is no train split" in " ".join(reading.account.guesses)
