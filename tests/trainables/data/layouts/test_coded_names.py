"""Acted speech whose emotion is a code in the names of the files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]
CREMA_D = [f"AudioWAV/{actor}_IEO_{code}_XX.wav" for actor in (1001, 1002) for code in ("ANG", "SAD")]
EMODB = [f"wav/{speaker}a01{code}a.wav" for speaker in ("03", "08") for code in "WF"]
SAVEE = [f"{speaker}{between}{code}01.wav" for speaker in ("DC", "KL") for code in ("a", "sa") for between in "/"]
SAVEE_FLAT = [name.replace("/", "_") for name in SAVEE]


@pytest.mark.parametrize(
    ("names", "labels", "groups"),
    [
        (CREMA_D, ["anger", "sad"] * 2, ["1001", "1001", "1002", "1002"]),
        (EMODB, ["happiness", "anger"] * 2, ["03", "03", "08", "08"]),
        (SAVEE, ["anger", "sadness"] * 2, ["DC", "DC", "KL", "KL"]),
        (SAVEE_FLAT, ["anger", "sadness"] * 2, ["DC", "DC", "KL", "KL"]),
    ],
)
def test_emotions_are_labels_and_speakers_are_groups(
    lay: Lay, read_source: Read, names: list[str], labels: list[str], groups: list[str]
) -> None:
    reading = read_source(lay(names))
    assert [clip.target for clip in reading.examples] == labels
    assert [clip.group for clip in reading.examples] == groups
    assert "code" in reading.account.origins["label"]


@pytest.mark.parametrize("names", [CREMA_D, EMODB])
def test_folders_of_classes_stay_classes(lay: Lay, read_source: Read, names: list[str]) -> None:
    sorted_ = [f"{'ab'[number % 2]}/{Path(name).name}" for number, name in enumerate(names)]
    assert {clip.target for clip in read_source(lay(sorted_)).examples} == {"a", "b"}


def test_a_name_that_does_not_fit_is_another_set(lay: Lay, read_source: Read) -> None:
    with pytest.raises(InputError, match="no class folders"):
        read_source(lay([*SAVEE_FLAT, "other.wav"]))
