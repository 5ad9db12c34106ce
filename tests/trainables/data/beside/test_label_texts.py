"""Labels in files of their own beside the sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]
IRMAS = {
    "Part1/(01) a song-1": "pia\t\n",
    "Part1/(02) a song-2": "gel\t\nvoi\t\n",
    "Part1/(03) b-3": "voi\t\npia\t\n",
    "Part2/(04) c-4": "gel\t\n",
}
NAMES = [f"a{number}" for number in range(6)]
CATS = ["cat", "dog"] * 3


def test_irmas(lay: Lay, read_source: Read) -> None:
    folder = lay([f"{name}.wav" for name in IRMAS], {f"{name}.txt": text for name, text in IRMAS.items()})
    reading = read_source(folder, "labels")
    assert [list(clip.target) for clip in reading.examples] == [  # type: ignore[call-overload]
        ["pia"],
        ["gel", "voi"],
        ["voi", "pia"],
        ["gel"],
    ]


@pytest.mark.parametrize("ending", ["txt", "cls", "label"])
@pytest.mark.parametrize("where", ["", "clips/"])
def test_one_label(lay: Lay, read_source: Read, ending: str, where: str) -> None:
    texts = {f"{where}{name}.{ending}": f"{label}\n" for name, label in zip(NAMES, CATS, strict=True)}
    reading = read_source(lay([f"{where}{name}.wav" for name in NAMES], texts))
    assert [clip.target for clip in reading.examples] == CATS


@pytest.mark.parametrize(
    "texts",
    [
        [f"what {name} says" for name in NAMES],  # a text for each
        ["cat", "dog\nwolf"] * 3,  # several labels, and one is wanted
        ["a sentence of more than four words", "another sentence of more than four words"] * 3,
        ["cat"] * 6,
    ],
)
def test_what_is_no_label(lay: Lay, read_source: Read, texts: list[str]) -> None:
    files = {f"{name}.txt": text for name, text in zip(NAMES, texts, strict=True)}
    with pytest.raises(InputError, match="no class folders"):
        read_source(lay([f"{name}.wav" for name in NAMES], files))


def test_class_folders_stand_above(lay: Lay, read_source: Read) -> None:
    names = ["cat/1", "cat/2", "dog/3", "dog/4"]
    files = {f"{name}.txt": text for name, text in zip(names, ["good", "bad"] * 2, strict=True)}
    reading = read_source(lay([f"{name}.wav" for name in names], files))
    assert [clip.target for clip in reading.examples] == ["cat", "cat", "dog", "dog"]


def test_labels_in_a_folder_of_their_own(lay: Lay, read_source: Read) -> None:
    texts = {f"annotations/key/{name}.key": label for name, label in zip(NAMES, CATS, strict=True)}
    reading = read_source(lay([f"audio/{name}.wav" for name in NAMES], texts))
    assert [clip.target for clip in reading.examples] == CATS
    twice = [*(f"audio/{name}.wav" for name in NAMES), *(f"again/{name}.wav" for name in NAMES)]
    assert {clip.target for clip in read_source(lay(twice, texts)).examples} == {"audio", "again"}
