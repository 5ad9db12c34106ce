"""THCHS-30 as it is published: links and pointers in the folders of the splits."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]
NAMES = {"train": ("A2_0", "A2_1"), "dev": ("B6_0",), "test": ("C4_0",)}
SAID = "{} 绿 是 阳春\nlv4 shi4 yang2 chun1\nl v4 sh ix4\n"


@pytest.fixture
def corpus(lay: Lay) -> Path:
    names = [name for of in NAMES.values() for name in of]
    texts = {f"data_thchs30/data/{name}.wav.trn": SAID.format(name) for name in names}
    texts |= {
        f"data_thchs30/{split}/{name}.wav.trn": f"../data/{name}.wav.trn\n"
        for split, of in NAMES.items()
        for name in of
    }
    folder = lay([f"data_thchs30/data/{name}.wav" for name in names], texts | {"data_thchs30/README.TXT": "x"})
    for split, of in NAMES.items():
        for name in of:
            os.symlink(f"../data/{name}.wav", folder / f"data_thchs30/{split}/{name}.wav")
    return folder


def test_splits_are_those_of_the_links(corpus: Path, read_source: Read) -> None:
    reading = read_source(corpus, "text")
    assert [(clip.target, clip.group, clip.split) for clip in reading.examples] == [
        ("B6_0 绿 是 阳春", "B6", "validation"),
        ("C4_0 绿 是 阳春", "C4", "test"),
        ("A2_0 绿 是 阳春", "A2", "train"),
        ("A2_1 绿 是 阳春", "A2", "train"),
    ]


def test_the_folder_of_the_sounds_alone(corpus: Path, read_source: Read) -> None:
    reading = read_source(corpus / "data_thchs30" / "data", "text")
    assert len(reading.examples) == 4
    assert {clip.split for clip in reading.examples} == {None}


def test_a_pointer_out_of_the_folder_is_refused(corpus: Path, read_source: Read) -> None:
    (corpus / "data_thchs30/dev/B6_0.wav.trn").write_text("../../../../etc/x.wav.trn\n")
    with pytest.raises(InputError, match=r"names \.\./.*which is not in"):
        read_source(corpus, "text")
    with pytest.raises(InputError, match="which has no 'label'"):
        read_source(corpus)
