"""IEMOCAP as it is published, in miniature."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data import sources
from trainables.data.reading import Reading, Wanted
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


@pytest.fixture
def corpus(lay: Lay) -> Path:
    """Two sessions of a dialogue, three turns of each voice; the listeners disagree about the third."""
    sounds, texts = [], {}
    for session in (1, 2):
        dialogue, home = f"Ses0{session}F_impro01", f"IEMOCAP_full_release/Session{session}"
        emotions, words = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n", ""
        sounds.append(f"{home}/dialog/wav/{dialogue}.wav")
        for voice in "FM":
            for number, emotion in enumerate(("ang", "neu", "xxx")):
                turn = f"{dialogue}_{voice}00{number}"
                sounds.append(f"{home}/sentences/wav/{dialogue}/{turn}.wav")
                emotions += f"[{number}.29 - {number}.95]\t{turn}\t{emotion}\t[2.5000, 3.{number}000, 4.0000]\n"
                emotions += "C-E2:\tNeutral;\t()\nA-E3:\tval 3; act 2; dom  2;\t()\n\n"
                words += f"{turn} [000.29-000.95]: Turn {number} of {voice}.\n"
        texts[f"{home}/dialog/EmoEvaluation/{dialogue}.txt"] = emotions
        texts[f"{home}/dialog/EmoEvaluation/Categorical/{dialogue}_e2_cat.txt"] = f"{dialogue}_F000 :Sadness; ()\n"
        texts[f"{home}/dialog/transcriptions/{dialogue}.txt"] = words
    return lay(sounds, texts)


def test_emotions(corpus: Path, read_source: Read) -> None:
    reading = read_source(corpus)
    assert [clip.target for clip in reading.examples] == ["anger", "neutral"] * 4
    assert {(clip.group, clip.fold) for clip in reading.examples} == {
        (f"session {session} {voice}", session) for session in "12" for voice in "FM"
    }
    assert "4 turns have the label xxx (the listeners disagreed) and are no clips." in reading.account.guesses


def test_words(corpus: Path, read_source: Read) -> None:
    reading = read_source(corpus, "text")
    assert [clip.target for clip in reading.examples][:3] == ["Turn 0 of F.", "Turn 1 of F.", "Turn 2 of F."]
    assert len(reading.examples) == 12


def test_ratings(corpus: Path, tmp_path: Path, read_source: Read) -> None:
    wanted = Wanted("targets", tmp_path / "cache", gathered=("valence", "activation"))
    reading = sources.open_source(str(corpus), wanted, base_folder=tmp_path, seed=7)
    assert [list(clip.target) for clip in reading.examples][:3] == [[2.5, 3.0], [2.5, 3.1], [2.5, 3.2]]  # type: ignore[call-overload]
    with pytest.raises(InputError, match="it has label, text, valence, activation, dominance"):
        read_source(corpus, "targets")
