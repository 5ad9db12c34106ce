"""What is said of a data set as a whole, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.trainables.data.doubts.clips import clip, noise
from trainables.data.doubts.check import read_headers
from trainables.data.doubts.files import FileTraits, read_traits
from trainables.data.doubts.report import Doubts, doubts, together, undivided
from trainables.data.examples import Example
from trainables.errors import InputError


@dataclass(frozen=True)
class Labels:
    column: str = "label"
    stratified: bool = True
    metrics: tuple[str, ...] = ("accuracy", "balanced_accuracy")


def traits_of(examples: list[Example]) -> dict[str, FileTraits]:
    return read_traits(read_headers(examples))


@pytest.fixture
def clips(tmp_path: Path) -> list[Example]:
    """Eight clips of two labels in groups of two; each has its own sound."""
    examples = []
    for index in range(8):
        path = tmp_path / f"{index}.wav"
        soundfile.write(path, noise(index), 8000)
        examples.append(clip(path, "dog" if index % 2 else "cat", group=f"speaker{index // 2}"))
    return examples


SPLITS = {f"{index}.wav": "train" if index < 4 else "test" for index in range(8)}


def test_nothing_is_said_where_nothing_is_doubtful(clips: list[Example]) -> None:
    traits = traits_of(clips)
    joined = together(clips, traits, SPLITS)
    assert joined.examples == clips
    assert doubts(clips, SPLITS, Labels(), traits=traits, joined=joined, objective="val/accuracy") == Doubts()  # type: ignore[arg-type]


def test_copies_are_counted_and_contradictions_shown(clips: list[Example], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "again.flac", noise(0), 8000)
    every = [*clips, clip(tmp_path / "again.flac", "dog", group="speaker9")]
    traits = traits_of(every)
    joined = together(every, traits)
    assert joined.examples[-1].group == joined.examples[0].group
    found = doubts(joined.examples, SPLITS | {"again.flac": "train"}, Labels(), traits=traits, joined=joined)  # type: ignore[arg-type]
    copies, contrary = found.advice
    assert copies.startswith("1 clip holds sound of others (again.flac and 0.wav)")
    assert "2 groups are taken as fewer" in copies
    assert contrary.startswith("1 sound stands under different targets (0.wav is 'cat' and again.flac is 'dog')")


def test_sides_that_share_sound_are_refused(clips: list[Example], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "again.flac", noise(0), 8000)
    every = [*clips, clip(tmp_path / "again.flac", "cat", group="speaker9")]
    with pytest.raises(InputError, match=r"test: 1 of 5 clips are heard in train too \(again.flac is 0.wav\)"):
        together(every, traits_of(every), SPLITS | {"again.flac": "test"})


def test_silence_is_named(clips: list[Example], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "0.wav", np.zeros(8000), 8000)
    soundfile.write(tmp_path / "2.wav", np.zeros(8000), 8000)
    found = doubts(clips, SPLITS, Labels(), traits=traits_of(clips))  # type: ignore[arg-type]
    assert found.advice == ("2 clips are silent throughout (0.wav, 2.wav).",)


def test_what_may_be_the_reason_that_nothing_can_be_drawn(clips: list[Example]) -> None:
    ratings = [clip(Path(example.audio[0].path), f"{1 + index / 10}") for index, example in enumerate(clips)]
    (sentence,) = undivided(together(ratings, traits_of(ratings)), Labels())  # type: ignore[arg-type]
    assert "are these ratings?" in sentence
