"""LJSpeech and its relatives: a table without a header beside the folder of the sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


TABLE = 'LJ1|in 1910|in nineteen ten\nLJ2|He said "no|He said "no\nLJ3|plain|\n'


@pytest.mark.parametrize("home", ["", "LJSpeech-1.1/"])
def test_the_text_is_the_one_with_numbers_written_out(lay: Lay, read_source: Read, home: str) -> None:
    names = [f"{home}wavs/LJ{number}.wav" for number in (1, 2, 3, 4)]
    reading = read_source(lay(names, {f"{home}metadata.csv": TABLE}), "text")
    found = [(clip.id, clip.target) for clip in reading.examples]
    assert found == [("LJ1", "in nineteen ten"), ("LJ2", 'He said "no'), ("LJ3", "plain")]
    assert reading.examples[0].audio[0].path.endswith("wavs/LJ1.wav")
    assert "third column" in reading.account.origins["text"]
    assert "LJ4.wav" in str(reading.account.files_unread)


def test_two_columns_and_names_with_their_ending(lay: Lay, read_source: Read) -> None:
    reading = read_source(lay(["wavs/a.wav", "wavs/b.flac"], {"metadata.csv": "a.wav|one\nb|two\n"}), "text")
    assert [(clip.id, clip.target) for clip in reading.examples] == [("a", "one"), ("b", "two")]
    assert reading.examples[1].audio[0].path.endswith("b.flac")


def test_a_line_of_another_form(lay: Lay, read_source: Read) -> None:
    folder = lay(["wavs/a.wav", "wavs/b.wav"], {"metadata.csv": "a|one\nb\n"})
    with pytest.raises(InputError, match=r"metadata\.csv line 2: is not NAME\|TEXT"):
        read_source(folder, "text")
    assert len(read_source(folder, "text", skip=1).examples) == 1


def test_a_classifier_is_told_what_there_is(lay: Lay, read_source: Read) -> None:
    with pytest.raises(InputError, match=r"LJSpeech.* has no 'label'"):
        read_source(lay(["wavs/a.wav"], {"metadata.csv": "a|one\n"}))
