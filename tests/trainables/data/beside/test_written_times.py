"""Conversations in plain text, with the times of every turn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.beside.written_times import are_turns
from trainables.data.reading import Reading

Lay, Read = Callable[..., Path], Callable[..., Reading]
Tone = Callable[..., Path]


def heard(reading: Reading) -> list[tuple[object, ...]]:
    return [
        (Path(clip.audio[0].path).stem, clip.audio[0].channel, clip.start_seconds, clip.seconds, clip.target)
        for clip in reading.examples
    ]


def test_fisher(lay: Lay, read_source: Read, write_tone: Tone) -> None:
    calls = {"fe_03_00001": "000", "fe_03_00101": "001"}
    texts = {
        f"tran/data/trans/{of}/{name}.txt": f"# {name}.sph\n# Transcribed at the LDC\n\n0.50 2.10 A: hello\n\n"
        "2.20 3.40 B: hi there\n\n3.50 3.90 A: (( how )) are you\n"
        for name, of in calls.items()
    }
    folder = lay([], texts)
    for name, of in calls.items():
        write_tone(folder / f"sph1/audio/{of}/{name}.sph", seconds=4, rate=8000, channels=2)
    reading = read_source(folder, "text")
    assert heard(reading)[:3] == [
        ("fe_03_00001", 0, 0.5, 1.6, "hello"),
        ("fe_03_00001", 1, 2.2, 1.2, "hi there"),
        ("fe_03_00001", 0, 3.5, 0.4, "(( how )) are you"),
    ]
    assert len({clip.group for clip in reading.examples}) == 2  # the calls


def test_switchboard(lay: Lay, read_source: Read, write_tone: Tone) -> None:
    texts = {
        f"trans/20/{call}/sw{call}{side}-ms98-a-{kind}.text": f"sw{call}{side}-ms98-a-0001 0.00 0.977625 [silence]\n"
        f"sw{call}{side}-ms98-a-0002 0.977625 3.5 {kind} of {side}\n"
        for call in ("2001", "2005")
        for side in "AB"
        for kind in ("trans", "word")
    }
    folder = lay([], texts)
    for call in ("2001", "2005"):
        write_tone(folder / f"swb1/sw0{call}.sph", seconds=4, rate=8000, channels=2)
    reading = read_source(folder, "text")
    assert heard(reading) == [
        (f"sw0{call}", channel, 0.977625, 2.522375, f"trans of {'AB'[channel]}")
        for call in ("2001", "2005")
        for channel in (0, 1)
    ]
    assert "4 stretches of silence are no clips." in reading.account.guesses


@pytest.mark.parametrize(
    "text",
    [
        "[00:00.500 --> 00:01.500]  hello there\n[00:01.500 --> 00:02.500]  bye\n",
        "0.5 1.5 hello there\n1.5 2.5 bye\n",
        "0.5 1.5 A: hello there\n\n1.5 2.5 B1: bye\n",
        "0.5-1.5 Interviewer: hello\n   there\n1.5-2.5 Ms Lee: bye\n",
        "(0:00.5, 0:01.5) speaker 1: hello there\n(0:01.5, 0:02.5) speaker 2: bye\n",
        "; a note\n00:00:00.500 00:00:01.500 hello there\n00:00:01,500 00:00:02,500 bye\n",
    ],
)
@pytest.mark.parametrize("where", ["{}.txt", "texts/{}.txt"])
def test_other_ways_to_write_times(lay: Lay, read_source: Read, text: str, where: str) -> None:
    folder = lay(["a.wav", "b.wav"], {where.format(name): text for name in "ab"}, seconds=3)
    assert heard(read_source(folder, "text")) == [
        (name, None, start, 1.0, said) for name in "ab" for start, said in ((0.5, "hello there"), (1.5, "bye"))
    ]


@pytest.mark.parametrize(
    "text",
    ["it is 0.5 2.0", "0.5 of it", "1999 2000 years", "3 4 five", "", "0.5 2.0 a turn\nand a line\n", "1:2 is a score"],
)
def test_texts_without_times(text: str) -> None:
    assert not are_turns(text.splitlines())
