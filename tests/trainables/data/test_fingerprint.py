from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from trainables.data.examples import AudioPiece, Example
from trainables.data.fingerprint import fingerprint


def clips(folder: Path) -> list[Example]:
    return [
        Example(f"{folder.name}/{n}", (AudioPiece(str(folder / f"{n}.wav")),), f"{folder}{n}", "ab"[n]) for n in (0, 1)
    ]


def splits(examples: list[Example]) -> dict[str, str]:
    return {example.id: split for example, split in zip(examples, ("train", "test"), strict=True)}


@pytest.fixture
def here(tmp_path, write_tone) -> list[Example]:
    for n in (0, 1):
        write_tone(tmp_path / "here" / f"{n}.wav", hz=300 + n)
    return clips(tmp_path / "here")


def test_another_folder_and_order_are_the_same_data(tmp_path, here):
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    there = clips(tmp_path / "there")
    first = fingerprint(here, splits(here))
    assert len(first) == 64
    assert fingerprint(there[::-1], splits(there)) == first


@pytest.mark.parametrize(
    "change", [{"target": "c"}, {"start_seconds": 0.1}, {"seconds": 0.1}, {"lowpass_hz": 4000.0}, {"audio": "twice"}]
)
def test_every_change_counts(here, change):
    if "audio" in change:
        change = {"audio": here[0].audio * 2}
    changed = [replace(here[0], **change), here[1]]
    assert fingerprint(changed, splits(here)) != fingerprint(here, splits(here))


def test_splits_and_samples_count(tmp_path, here, write_tone):
    first = fingerprint(here, splits(here))
    assert fingerprint(here, {example.id: "train" for example in here}) != first
    write_tone(tmp_path / "here" / "0.wav", hz=301.5)
    assert fingerprint(here, splits(here)) != first
