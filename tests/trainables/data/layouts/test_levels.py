"""Which layout is guessed, which is asked, and which is refused. A line is a folder; `S` stands for `{1,2}.wav`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.layouts.levels import find_levels
from trainables.data.reading import Reading
from trainables.errors import InputError

Plant, Read = Callable[[str], Path], Callable[..., Reading]

GUESSED = {
    "{cat,dog}/S": "classes cat dog",
    "{cat,dog}/S docs/guide.md scripts/{a,b}.py": "classes cat dog",
    "{train,bus,car}/S": "classes bus car train",
    "{train_whistle,train_horn}/take{1,2}/S": "classes train_horn train_whistle",
    "{0,1,2}/S": "classes 0 1 2",
    "{cat,dog}/wav/S": "classes cat dog",
    "{cat,dog}/session{1,2}/S": "classes cat dog",
    "{cat,dog}/2024-01-{01,02}/S": "classes cat dog",
    "cat/{r1,r2}/S dog/{r3,r4}/S": "classes cat dog",
    "cat/S cat/deep/S dog/S": "classes cat dog",
    "{cat,dog}/S loose.wav": "classes cat dog",
    "{train,test}/{cat,dog}/S": "splits/classes cat dog | test: test, train: train",
    "{train,test}/{cat,dog}/S extras/readme.txt": "splits/classes cat dog | test: test, train: train",
    "{train,test}/{cat,dog}/S __MACOSX/{train,test}/{cat,dog}/._1.wav .git/x.wav": (
        "splits/classes cat dog | test: test, train: train"
    ),
    "{Train,TEST}/{cat,dog}/S": "splits/classes cat dog | TEST: test, Train: train",
    "{training_data,held-out}/{cat,dog}/S": "splits/classes cat dog | held-out: test, training_data: train",
    "{train,eval}/{cat,dog}/S": "splits/classes cat dog | eval: test, train: train",
    "{dev,eval}/{cat,dog}/S": "splits/classes cat dog | dev: train, eval: test",
    "{train-clean-100,train-other-500,dev-clean,test-other}/{cat,dog}/S": (
        "splits/classes cat dog | dev-clean: validation, test-other: test, "
        "train-clean-100: train, train-other-500: train"
    ),
    "{esc_train,esc_test}/{cat,dog}/S": "splits/classes cat dog | esc_test: test, esc_train: train",
    "train/{cat,dog}/S": "splits/classes cat dog | train: train",
    "train/{cat,dog}/S test/S": "splits/classes cat dog | test: test, train: train",
    "{train,test}/audio/{cat,dog}/S": "splits/classes cat dog | test: test, train: train",
    "{cat,dog}/{train,test}/S": "classes/splits cat dog | test: test, train: train",
    "{cat,dog}/{Train,Validation,Test}/S": "classes/splits cat dog | Test: test, Train: train, Validation: validation",
    "{cat,dog}/{train,test}/session{1,2}/S": "classes/splits cat dog | test: test, train: train",
    "mydata/{cat,dog}/S": "classes cat dog",
    "data/{train,test}/{cat,dog}/S README.md": "splits/classes cat dog | test: test, train: train",
    "a/b/c/{cat,dog}/S": "classes cat dog",
}

ASKED = {
    "{train,test}/{cat,dog}/S extras/S": "classes splits/classes",
    "{train,test,extras}/{cat,dog}/S": "classes splits/classes",
    "{train,vallidation}/{cat,dog}/S": "classes splits/classes",
    "{train,bus}/{a,b}/S": "classes splits/classes",
    "{cat,dog,test}/S": "classes",
    "{train,test,extras}/S": "classes",
    "{cat,dog}/{train,test}/S dog/x.wav": "classes classes/splits",
    "{cat,dog}/{train,test,misc}/S": "classes classes/splits",
    "cat/{train,test}/S dog/S": "classes classes/splits",
    "{en,de}/{train,test}/{yes,no}/S": "classes/splits",
    "speaker{0,1,2}/{angry,happy}/S": "classes classes/speakers speakers/classes",
    "session{1,2}/{angry,happy}/S": "classes classes/speakers speakers/classes",
    "{anna,bob}/{yes,no}/S": "classes classes/speakers speakers/classes",
    "{anna,bob}/{0,1,2}/S": "classes classes/speakers speakers/classes",
    "{anna,bob,eve}/{yes,no}/S tom/yes/1.wav": "classes classes/speakers speakers/classes",
    "speaker{0,1}/wav/{angry,happy}/S": "classes classes/speakers speakers/classes",
    "train/s{1,2}/{yes,no}/S test/s3/{yes,no}/S": "splits/classes splits/classes/speakers splits/speakers/classes",
}

REFUSED = {
    "{1,2}.wav": "sound at the top (2 .wav)",
    "docs/guide.md": "other files (1 .md)",
    "{train,test}/S": "have the names of splits",
    "{train,dev,test,eval}/{cat,dog}/S": "eval stands beside dev and test",
}


def planted(plant: Plant, spec: str) -> Path:
    return plant(spec.replace("/S", "/{1,2}.wav"))


def understood(reading: Reading) -> str:
    labels = " ".join(sorted({str(example.target) for example in reading.examples}))
    return f"{reading.account.layout.removeprefix('class folders (').removesuffix(')')} {labels}"


@pytest.mark.parametrize("spec", GUESSED)
def test_what_allows_one_reading_is_read(plant: Plant, read: Read, spec: str) -> None:
    levels, _, splits = GUESSED[spec].partition(" | ")
    reading = read(planted(plant, spec))
    assert understood(reading) == levels
    given = {folder: split for folder, _, split in (pair.partition(": ") for pair in splits.split(", ") if splits)}
    for example in reading.examples:
        folders = example.id.split("/")[:-1]
        assert example.split == next((given[name] for name in folders if name in given), None)
        assert example.target in folders
        assert example.group == example.id


@pytest.mark.parametrize("spec", ASKED)
def test_what_allows_two_is_asked_and_each_answer_is_taken(plant: Plant, read: Read, spec: str) -> None:
    folder = planted(plant, spec)
    with pytest.raises(InputError, match=r"Say in the sweep file which data\.layout") as caught:
        read(folder)
    layouts = ASKED[spec].split()
    assert all(f"`{layout}`: " in str(caught.value) for layout in layouts)
    assert str(caught.value).count("`: ") == len(layouts)
    for layout in layouts:
        if "vallidation" not in spec or layout == "classes":
            assert understood(read(folder, layout)).startswith(f"{layout} ")


@pytest.mark.parametrize("spec", REFUSED)
def test_what_allows_none_is_refused(plant: Plant, read: Read, spec: str) -> None:
    with pytest.raises(InputError) as caught:
        read(planted(plant, spec))
    assert REFUSED[spec] in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "layout", "said"),
    [
        ("{cat,dog}/S", "splits/classes", "no folder there has the name of a split"),
        ("{cat,dog}/S", "classes/splits", "no folder there has the name of a split"),
        ("{cat,dog}/S", "speakers/classes", "no sound stands 2 folders deep"),
        ("{cat,dog}/S", "splits/speakers/classes", "Its folders with sound are cat, dog."),
        (
            "{train,vallidation}/{cat,dog}/S",
            "splits/classes",
            "vallidation is the name of no split (did you mean valid",
        ),
    ],
)
def test_a_layout_that_does_not_fit_is_refused_with_what_is_there(
    plant: Plant, read: Read, spec: str, layout: str, said: str
) -> None:
    with pytest.raises(InputError, match=rf"data\.layout: {layout} does not fit") as caught:
        read(planted(plant, spec), layout)
    assert said in str(caught.value)


def test_speakers_are_groups_where_the_file_says_so(plant: Plant, read: Read) -> None:
    folder = planted(plant, "speaker{0,1}/{angry,happy}/S")
    examples = read(folder, "speakers/classes").examples
    assert {(example.group, example.target) for example in examples} == {
        (group, label) for group in ("speaker0", "speaker1") for label in ("angry", "happy")
    }
    folder = planted(plant, "more/{cat,dog}/session{1,2}/S") / "more"
    examples = read(folder, "classes/speakers").examples
    assert {(e.target, e.group) for e in examples} == {(t, g) for t in ("cat", "dog") for g in ("session1", "session2")}
    folder = planted(plant, "third/train/s{1,2}/{yes,no}/S third/test/s3/{yes,no}/S") / "third"
    examples = read(folder, "splits/speakers/classes").examples
    assert {(e.split, e.group) for e in examples} == {("train", "s1"), ("train", "s2"), ("test", "s3")}


@pytest.mark.parametrize(
    "spec",
    ["Actor_{01,02,03}/S", "{100,101,102}/S", "p{225,226}/S", "{F01,F02,M01}/S", "speaker_{a,b}/S", "fold{1,2,3}/S"],
)
def test_numbered_classes_are_asked_about(plant: Plant, read: Read, spec: str) -> None:
    (advice,) = read(planted(plant, spec)).account.advice
    assert "is that what is to be told apart?" in advice


@pytest.mark.parametrize(
    "spec", ["{cat,dog}/S", "class{1,2}/S", "{001-dog,002-cat}/S", "{a1,b1,c1,d1}/S", "{mp3,wav}/S"]
)
def test_other_classes_are_not(plant: Plant, read: Read, spec: str) -> None:
    assert read(planted(plant, spec)).account.advice == []


def test_folders_below_classes_are_offered_as_groups(plant: Plant, read: Read) -> None:
    (advice,) = read(planted(plant, "{cat,dog}/session{1,2}/S")).account.advice
    assert "data.layout: classes/speakers keeps the clips of one on one side" in advice


def test_splits_further_below_are_said() -> None:
    folders = [(s, e, p) for s in ("0001", "0002") for e in ("Angry", "Happy") for p in ("train", "test") for _ in "ab"]
    with pytest.raises(InputError, match=r"speakers/classes.*The folders test, train further below are then no splits"):
        find_levels("esd", folders, None)
