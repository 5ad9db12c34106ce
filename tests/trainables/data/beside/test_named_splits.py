"""Splits that the names of files begin with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading

Lay, Read = Callable[..., Path], Callable[..., Reading]


@pytest.mark.parametrize("words", [("train", "val", "test"), ("Training", "dev", "TEST")])
def test_first_words(lay: Lay, read_source: Read, words: tuple[str, ...]) -> None:
    folder = lay([f"{label}/{word}_{number}.wav" for label in ("cat", "dog") for word in words for number in (1, 2)])
    found = {Path(clip.id).name.split("_")[0]: clip.split for clip in read_source(folder).examples}
    assert found == dict(zip(words, ("train", "validation", "test"), strict=True))
    assert {clip.split for clip in read_source(folder, split="").examples} == {None}


@pytest.mark.parametrize("names", [("train_1", "rain_2"), ("test_1", "test_2"), ("trainer_1", "test_2")])
def test_other_names(lay: Lay, read_source: Read, names: tuple[str, ...]) -> None:
    reading = read_source(lay([f"{label}/{name}.wav" for label in ("cat", "dog") for name in names]))
    assert {clip.split for clip in reading.examples} == {None}
