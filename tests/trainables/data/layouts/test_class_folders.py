from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.layouts import tree as trees
from trainables.data.reading import Account, Reading
from trainables.errors import InputError

Plant, Read = Callable[[str], Path], Callable[..., Reading]


def unread(account: Account) -> dict[tuple[str, str], int]:
    return {key: len(paths) for key, paths in account.files_unread.items()}


def test_every_file_without_a_clip_is_counted_with_a_reason(plant: Plant, read: Read) -> None:
    folder = plant(
        "{train,test}/{cat,dog}/{1,2}.wav train/cat/{3,4}.m4a train/loose.wav top.wav docs/guide.md notes.csv "
        "__MACOSX/train/cat/._1.wav .git/{HEAD,x.wav} train/.DS_Store"
    )
    (folder / "train" / "dog" / "gone.wav").symlink_to(folder / "nowhere.wav")
    (folder / "empty").mkdir()
    account = read(folder).account
    assert unread(account) == {
        (".m4a", "sound of a format that is not read"): 2,
        (".wav", "in no class folder"): 1,
        (".wav", "in no folder of a split"): 1,
        (".wav", "a link to nothing"): 1,
        (".csv", "a table, and the folders give the labels"): 1,
        (".md", "no sound and no table"): 1,
        ("", "an empty folder"): 1,
        (".wav", "hidden, or left behind by a system"): 2,
        ("", "hidden, or left behind by a system"): 3,
    }
    assert account.guesses == [
        "Folders without sound are no classes: docs (1 .md), empty (empty).",
        "1 file with sound stands in no folder of a split and is left out.",
        "1 file with sound of train/ stands in no class folder and is left out.",
    ]


@pytest.mark.parametrize("ending", ["m4a", "AAC", "wma", "amr", "webm", "mp4"])
def test_a_class_of_which_no_file_can_be_read_stops(plant: Plant, read: Read, ending: str) -> None:
    folder = plant(f"{{cat,dog}}/{{1,2}}.wav cat/3.{ending} cow/{{1,2,3}}.{ending}")
    with pytest.raises(InputError) as caught:
        read(folder)
    count, vanished = caught.value.problems
    assert f"4 of 8 files with sound cannot be read (4 .{ending.lower()})" in count
    assert "The class cow would vanish: 3 of its files are sound of a format that is not read" in vanished
    assert "ffmpeg" in vanished


def test_a_class_that_is_read_elsewhere_does_not_vanish(plant: Plant, read: Read) -> None:
    examples = read(plant("{train,test}/{cat,dog}/{1,2}.wav test/cow/1.m4a train/cow/1.wav")).examples
    assert {example.target for example in examples} == {"cat", "dog", "cow"}


def test_a_split_of_which_no_file_can_be_read_stops(plant: Plant, read: Read) -> None:
    with pytest.raises(InputError, match=r"The test split would vanish: 4 of its files"):
        read(plant("train/{cat,dog}/{1,2}.wav test/{cat,dog}/{1,2}.m4a"))


def test_a_class_of_links_that_lead_nowhere_stops(plant: Plant, read: Read) -> None:
    folder = plant("{cat,dog}/{1,2}.wav cow/readme.txt")
    (folder / "cow" / "1.wav").symlink_to(folder / ".git" / "annex" / "1")
    with pytest.raises(InputError, match=r"class cow would vanish: 1 of its files are a link to nothing.*annex get"):
        read(folder)


def test_a_split_without_labels_is_said(plant: Plant, read: Read) -> None:
    reading = read(plant("train/{cat,dog}/{1,2}.wav test/{1,2,3}.wav"))
    assert {example.split for example in reading.examples} == {"train"}
    assert reading.account.guesses == [
        "3 files with sound of test/ stand in no class folder and are left out.",
        "No clip of the test split has a label: it is drawn from the others.",
    ]


def test_links_are_followed_and_one_file_is_one_group(plant: Plant, read: Read, tmp_path: Path) -> None:
    folder = plant("cat/{1,2}.wav")
    elsewhere = tmp_path / "elsewhere" / "barks"
    elsewhere.mkdir(parents=True)
    (elsewhere / "1.wav").touch()
    (folder / "dog").symlink_to(elsewhere)
    (folder / "dog" / "again.wav").symlink_to(elsewhere / "1.wav")
    (folder / "cat" / "round").symlink_to(folder)
    (folder / "cat" / "0.wav").symlink_to(folder / "cat" / "2.wav")
    reading = read(folder)
    assert {(example.id, example.group) for example in reading.examples} == {
        ("cat/0.wav", "cat/0.wav"),
        ("cat/1.wav", "cat/1.wav"),
        ("cat/2.wav", "cat/0.wav"),
        ("dog/1.wav", "dog/1.wav"),
        ("dog/again.wav", "dog/1.wav"),
    }
    assert reading.account.files_unread["", "a link to a folder above it"] == ["cat/round"]


def test_labels_have_one_form(plant: Plant, read: Read) -> None:
    decomposed = unicodedata.normalize("NFD", "Bär")
    folder = plant(f"train/{decomposed}/1.wav test/Bär/1.wav {{train,test}}/dog/1.wav")
    (folder / "train" / "dog").rename(folder / "train" / " dog ")
    reading = read(folder)
    assert {example.target for example in reading.examples} == {"Bär", "dog"}
    assert len({example.id for example in reading.examples}) == 4


def test_deep_folders_and_odd_names_are_read(plant: Plant, read: Read) -> None:
    folder = plant("{cat,dog}/1.wav cat/" + "d/" * 300 + "1.wav")
    (folder / "cat" / "line\nbreak.wav").touch()
    assert len(read(folder).examples) == 4


def test_a_folder_of_the_whole_disk_is_refused(plant: Plant, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "MOST_FILES", 3)
    with pytest.raises(InputError, match="more than 3 files"):
        read(plant("{cat,dog}/{1,2}.wav"))


def test_class_folders_give_no_texts(plant: Plant, read: Read) -> None:
    with pytest.raises(InputError, match=r"needs a column 'text'.*metadata\.csv"):
        read(plant("{cat,dog}/1.wav"), column="text")


@pytest.mark.parametrize("spec", ["training-{a,b,c}/{1,2}.wav", "{train1,train2}/{1,2}.wav"])
def test_folders_that_are_all_called_as_one_split_are_no_classes(plant: Plant, read: Read, spec: str) -> None:
    """PhysioNet's heart sounds lie in training-a to training-f."""
    folder = plant(spec)
    with pytest.raises(InputError, match="have the names of splits, and no class folders stand in them"):
        read(folder)
    assert len({clip.target for clip in read(folder, layout="classes").examples}) > 1


def test_classes_of_trains_are_classes(plant: Plant, read: Read) -> None:
    reading = read(plant("{train_horn,train_whistle}/{1,2}.wav"))
    assert {clip.target for clip in reading.examples} == {"train_horn", "train_whistle"}


@pytest.mark.parametrize(
    ("spec", "column", "what"),
    [
        ("x/{1,2}.pcm x/1.txt", "text", r"none of its 2 files .* without a header.*ffmpeg -f s16le"),
        ("{cat,dog}/{1,2}.raw", "label", r"none of its 4 files .* without a header"),
        ("{cat,dog}/{1,2}.m4a", "label", r"none of its 4 files .*\(4 \.m4a.*uv sync --extra compressed"),
        ("{1,2}.wav labels.xlsx", "label", "save the sheet of labels.xlsx as CSV"),
    ],
)
def test_what_to_do_with_what_is_there(plant: Plant, read: Read, spec: str, column: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        read(plant(spec), column=column)
