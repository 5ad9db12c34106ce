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
TESS = [
    "OAF_Fear/OAF_back_fear.wav",
    "OAF_Sad/OAF_back_sad.wav",
    "YAF_fear/YAF_bar_fear.wav",
    "YAF_sad/YAF_bar_sad.wav",
]
FSDD = [f"recordings/{digit}_{voice}_0.wav" for voice in ("george", "theo") for digit in (0, 7)]
AUDIO_MNIST = [f"data/{voice}/{digit}_{voice}_{take}.wav" for voice in ("01", "60") for digit in (0, 7) for take in "0"]
VOCAL_SOUND = [f"audio_16k/{voice}_0_{kind}.wav" for voice in ("f0003", "m0012") for kind in ("cough", "sigh")]
SAVEE_FLAT = [name.replace("/", "_") for name in SAVEE]


@pytest.mark.parametrize(
    ("names", "labels", "groups"),
    [
        (CREMA_D, ["anger", "sad"] * 2, ["1001", "1001", "1002", "1002"]),
        (EMODB, ["happiness", "anger"] * 2, ["03", "03", "08", "08"]),
        (SAVEE, ["anger", "sadness"] * 2, ["DC", "DC", "KL", "KL"]),
        (SAVEE_FLAT, ["anger", "sadness"] * 2, ["DC", "DC", "KL", "KL"]),
        (TESS, ["fear", "sad"] * 2, ["back", "back", "bar", "bar"]),
        (FSDD, ["0", "0", "7", "7"], ["george", "theo"] * 2),
        (AUDIO_MNIST, ["0", "7"] * 2, ["01", "01", "60", "60"]),
        (VOCAL_SOUND, ["cough", "sigh"] * 2, ["f0003", "f0003", "m0012", "m0012"]),
    ],
)
def test_codes_are_labels_and_speakers_are_groups(
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


def test_lists_of_speakers_are_splits(lay: Lay, read_source: Read) -> None:
    sides = {"f0003": "tr", "m0012": "val", "f2441": "te"}
    texts = {f"meta/{short}_meta.csv": f"{voice},female,25,usa,english,no\n" for voice, short in sides.items()}
    sounds = [f"audio_16k/{voice}_0_{kind}.wav" for voice in sides for kind in ("cough", "sigh")]
    reading = read_source(lay(sounds, texts))
    assert {(clip.group, clip.split) for clip in reading.examples} == {
        ("f0003", "train"),
        ("m0012", "validation"),
        ("f2441", "test"),
    }
    missing = read_source(lay(["audio_16k/f0009_0_cough.wav"], {}))
    assert {clip.split for clip in missing.examples} == {None}  # a speaker of no list: the lists are of another set


def test_a_table_beside_the_files_says_what_they_hold(lay: Lay, read_source: Read) -> None:
    rows = "".join(f"{name},{word}\n" for name, word in zip(FSDD, ("zero", "zero", "seven", "seven"), strict=True))
    reading = read_source(lay(FSDD, {"words.csv": f"audio,label\n{rows}"}))
    assert [clip.target for clip in reading.examples] == ["zero", "zero", "seven", "seven"]


RAVDESS = [f"Actor_0{actor}/03-01-0{code}-01-01-01-0{actor}.wav" for actor in (1, 2) for code in (1, 5)]


@pytest.mark.parametrize("names", [CREMA_D, VOCAL_SOUND, RAVDESS, EMODB, AUDIO_MNIST])
@pytest.mark.parametrize("written", ["path", "name", "stem"])
@pytest.mark.parametrize("table", ["labels.csv", "train.csv and test.csv"])
def test_a_table_that_names_the_sound_is_what_is_asked_for(
    lay: Lay, read_source: Read, names: list[str], written: str, table: str
) -> None:
    short = {"path": str, "name": lambda name: Path(name).name, "stem": lambda name: Path(name).stem}[written]
    texts: dict[str, str] = {}
    for at, name in enumerate(names):
        file = table if table == "labels.csv" else table.split(" and ")[at % 2]
        texts[file] = texts.get(file, "file,emotion,rater\n") + f"{short(name)},mine{at},me\n"
    reading = read_source(lay(names, texts))
    assert {Path(clip.audio[0].path).name: clip.target for clip in reading.examples} == {
        Path(name).name: f"mine{at}" for at, name in enumerate(names)
    }
    assert ("split" in reading.account.origins) == (table != "labels.csv")


@pytest.mark.parametrize("names", [CREMA_D, VOCAL_SOUND, RAVDESS, EMODB])
@pytest.mark.parametrize("table", ["votes.csv", "tables/votes.csv", "metadata.csv"])
def test_a_table_without_labels_is_named_and_not_read(
    lay: Lay, read_source: Read, names: list[str], table: str
) -> None:
    rows = "".join(f"{Path(name).name},3\n" for name in names)
    reading = read_source(lay(names, {table: f"file_name,clarity\n{rows}"}))
    assert "code" in reading.account.origins["label"] or "third number" in reading.account.origins["label"]
    assert [paths for paths in reading.account.files_unread.values() if paths] == [[table]]
    assert f"{table} names 4 of the clips in its column 'file_name'" in " ".join(reading.account.advice)


def test_a_table_of_a_few_clips_does_not_take_the_place_of_the_names(lay: Lay, read_source: Read) -> None:
    reading = read_source(lay(CREMA_D, {"outliers.csv": f"file,label\n{Path(CREMA_D[0]).name},noisy\n"}))
    assert {clip.target for clip in reading.examples} == {"anger", "sad"}
