"""Speech Commands: lists of clips give the splits, names give the speakers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


SOUNDS = [f"{word}/{speaker}_nohash_{take}.wav" for word in ("yes", "no") for speaker in "abc" for take in (0, 1)]
VALIDATION = "yes/b_nohash_0.wav\nyes/b_nohash_1.wav\nno/b_nohash_0.wav\nno/b_nohash_1.wav\n"
TEST = "yes/c_nohash_0.wav\nyes/c_nohash_1.wav\nno/c_nohash_0.wav\nno/c_nohash_1.wav\n"


def test_lists_and_speakers(lay: Lay, read_source: Read) -> None:
    texts = {"validation_list.txt": VALIDATION, "testing_list.txt": TEST, "README.md": "words"}
    reading = read_source(lay([*SOUNDS, "_background_noise_/tap.wav"], texts))
    assert {(clip.target, clip.group, clip.split) for clip in reading.examples} == {
        (word, speaker, split)
        for word in ("yes", "no")
        for speaker, split in (("a", "train"), ("b", "validation"), ("c", "test"))
    }
    assert len(reading.examples) == 12
    assert reading.account.files_unread[".wav", "background noise, of no word"] == ["_background_noise_/tap.wav"]
    assert "12 of 12" in reading.account.origins["group"]


def test_one_list_alone_and_clips_that_are_not_there(lay: Lay, read_source: Read) -> None:
    reading = read_source(lay(SOUNDS, {"testing_list.txt": TEST + "yes/z_nohash_0.wav\n"}))
    assert {clip.split for clip in reading.examples} == {"train", "test"}
    said = " ".join(reading.account.guesses)
    assert "no validation_list.txt" in said
    assert "1 clips of the lists are not there: yes/z_nohash_0.wav" in said


def test_without_lists_noise_is_still_no_word(lay: Lay, read_source: Read) -> None:
    reading = read_source(lay([*SOUNDS, "_background_noise_/tap.wav"]))
    assert {clip.target for clip in reading.examples} == {"yes", "no"}
    assert {clip.split for clip in reading.examples} == {None}
    assert {clip.group for clip in reading.examples} == {"a", "b", "c"}
    assert "no testing_list.txt" in " ".join(reading.account.guesses)


def test_a_recogniser_is_told_what_there_is(lay: Lay, read_source: Read) -> None:
    with pytest.raises(InputError, match=r"Speech Commands.* has no 'text'"):
        read_source(lay(SOUNDS, {"testing_list.txt": TEST}), "text")
