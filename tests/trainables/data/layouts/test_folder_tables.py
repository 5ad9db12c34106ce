from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Plant, Read = Callable[[str], Path], Callable[..., Reading]


def table(path: Path, rows: Iterable[str], header: str = "file_name,label") -> None:
    path.write_text("\n".join([header, *rows]) + "\n")


def splits(reading: Reading) -> dict[str, str | None]:
    return {example.id: example.split for example in reading.examples}


@pytest.mark.parametrize("name", ["metadata.csv", "Metadata.CSV", "clips.csv"])
@pytest.mark.parametrize("above", ["", "audio/", "a/b/"])
def test_the_folders_of_the_files_give_the_splits(plant: Plant, read: Read, name: str, above: str) -> None:
    folder = plant(f"{above}{{Train,test-other}}/{{1,2}}.wav")
    rows = [
        f"{above}Train/1.wav,a",
        f"{above}Train/2.wav,b",
        f"{above}test-other/1.wav,a",
        f"{above}test-other/2.wav,b",
    ]
    table(folder / name, rows, "file_name,label" if "meta" in name.lower() else "audio,label")
    reading = read(folder)
    assert list(splits(reading).values()) == ["train", "train", "test", "test"]
    assert reading.account.origins["split"] == "the folders of the files (Train, test-other)"


def test_a_column_split_stands(plant: Plant, read: Read) -> None:
    folder = plant("{train,test}/1.wav")
    table(folder / "metadata.csv", ["train/1.wav,a,test", "test/1.wav,b,train"], "file_name,label,split")
    assert list(splits(read(folder)).values()) == ["test", "train"]


def test_folders_that_are_no_splits_give_none(plant: Plant, read: Read) -> None:
    folder = plant("{train,bus}/1.wav")
    table(folder / "metadata.csv", ["train/1.wav,a", "bus/1.wav,b"])
    assert set(splits(read(folder)).values()) == {None}


def test_rows_outside_the_splits_are_refused(plant: Plant, read: Read) -> None:
    folder = plant("{train,test,extra}/1.wav")
    table(folder / "metadata.csv", ["train/1.wav,a", "test/1.wav,b", "extra/1.wav,b"])
    with pytest.raises(InputError, match="1 of 3 rows name files outside the folders test, train"):
        read(folder)


def test_a_split_with_another_table_stops(plant: Plant, read: Read) -> None:
    folder = plant("{train,test}/{1,2}.wav")
    table(folder / "train" / "metadata.csv", ["1.wav,a", "2.wav,b"])
    table(folder / "test" / "labels.csv", ["1.wav,a", "2.wav,b"])
    with pytest.raises(InputError, match=r"test/ holds 2 files with sound and no metadata.csv, .* is it labels.csv"):
        read(folder)


def test_a_split_without_any_table_is_said(plant: Plant, read: Read) -> None:
    folder = plant("{train,test}/{1,2}.wav")
    table(folder / "train" / "metadata.csv", ["1.wav,a", "2.wav,b"])
    reading = read(folder)
    assert splits(reading) == {"train/1.wav": "train", "train/2.wav": "train"}
    assert reading.account.files_unread[".wav", "no row that is read names it"] == ["test/1.wav", "test/2.wav"]
    assert reading.account.guesses == ["test/ holds 2 files with sound and no table: they are left out."]


@pytest.mark.parametrize("name", ["licences.csv", "README.csv"])
@pytest.mark.parametrize(
    "lines", [["file,licence", "1.wav,CC0"], ["A text about the clips, their", "makers, and more, than", "that"]]
)
def test_a_table_that_names_no_sound_is_no_manifest(plant: Plant, read: Read, name: str, lines: list[str]) -> None:
    folder = plant("{cat,dog}/{1,2}.wav")
    (folder / name).write_text("\n".join(lines))
    reading = read(folder)
    assert {example.target for example in reading.examples} == {"cat", "dog"}
    assert reading.account.files_unread[".csv", "a table, and the folders give the labels"] == [name]


def test_a_table_that_names_the_sound_is_the_manifest(plant: Plant, read: Read) -> None:
    folder = plant("{part1,part2}/{1,2}.wav")
    table(
        folder / "clips.csv",
        [f"part{n}/{k}.wav,{label}" for n in (1, 2) for k, label in ((1, "a"), (2, "b"))],
        "audio,label",
    )
    table(folder / "licences.csv", ["x,CC0"], "file,licence")
    reading = read(folder)
    assert {example.target for example in reading.examples} == {"a", "b"}
    assert reading.account.files_unread[".csv", "a table that is not read"] == ["licences.csv"]


def test_two_tables_that_name_the_sound_are_refused(plant: Plant, read: Read) -> None:
    folder = plant("clips/{1,2}.wav")
    for name in ("one.csv", "two.csv"):
        table(folder / name, ["clips/1.wav,a", "clips/2.wav,b"], "audio,label")
    with pytest.raises(InputError, match=r"several tables that name sound \(one.csv, two.csv\)"):
        read(folder)


def test_metadata_inside_class_folders(plant: Plant, read: Read) -> None:
    folder = plant("{cat,dog}/{1,2}.wav")
    for label in ("cat", "dog"):
        table(folder / label / "metadata.csv", ["1.wav,0.5", "2.wav,0.7"], "file_name,pitch")
    reading = read(folder)
    assert {(example.id, example.target) for example in reading.examples} == {
        (f"{label}/{n}.wav", label) for label in ("cat", "dog") for n in (1, 2)
    }
    table(folder / "dog" / "metadata.csv", ["1.wav,wolf", "2.wav,wolf"])
    with pytest.raises(InputError, match=r"gives 1\.wav the label 'wolf', and it stands in the folder dog"):
        read(folder)
    assert {example.target for example in read(folder, "classes").examples} == {"cat", "dog"}


def test_several_data_sets_in_one_folder(plant: Plant, read: Read) -> None:
    folder = plant("{de,en}/{1,2}.wav")
    for name in ("de", "en"):
        table(folder / name / "metadata.csv", ["1.wav,hello", "2.wav,hello"], "file_name,text")
    with pytest.raises(InputError, match=r"several data sets \(de, en\)"):
        read(folder, column="text")


def test_a_wrapped_table_is_found(plant: Plant, read: Read) -> None:
    folder = plant("mydata/clips/{1,2}.wav")
    table(folder / "mydata" / "metadata.csv", ["clips/1.wav,a", "clips/2.wav,b"])
    reading = read(folder)
    assert len(reading.examples) == 2
    assert reading.account.guesses[0] == "the folder holds one folder more, mydata, and that one is read."


def test_sound_that_no_row_names_is_counted(plant: Plant, read: Read) -> None:
    folder = plant("{1,2,3}.wav 4.m4a")
    table(folder / "metadata.csv", ["1.wav,a", "2.wav,b"])
    unread = read(folder).account.files_unread
    assert unread == {
        (".wav", "no row that is read names it"): ["3.wav"],
        (".m4a", "sound of a format that is not read"): ["4.m4a"],
    }


def test_metadata_with_another_name_for_the_sound(plant: Plant, read: Read) -> None:
    folder = plant("clips/{1,2}.wav")
    table(folder / "metadata.csv", ["clips/1.wav,a", "clips/2.wav,b"], "path,label")
    assert [example.target for example in read(folder).examples] == ["a", "b"]


@pytest.mark.parametrize("header", ["recording,label", "recording,class", "recording,Category"])
@pytest.mark.parametrize(
    ("names", "where"),
    [
        ("part1/1.wav part1/2.wav part2/3.wav part2/4.wav", "meta/t.csv"),
        ("1.wav 2.wav 3.wav 4.wav", "t.csv"),
        ("1.wav 2.wav 3.wav 4.wav", "meta/t.csv"),
        ("1 2 3 4", "t.csv"),
        ("1 2 3 4", "meta/t.csv"),
    ],
)
def test_a_table_that_labels_the_sound_otherwise_is_asked(
    plant: Plant, read: Read, header: str, names: str, where: str
) -> None:
    folder = plant("part1/{1,2}.wav part2/{3,4}.wav meta/readme.txt")
    table(folder / where, [f"{name},{label}" for name, label in zip(names.split(), "abab", strict=True)], header)
    with pytest.raises(InputError, match=r"'recording', and its column .* divides it otherwise than the folders do"):
        read(folder)
    assert {example.target for example in read(folder, "classes").examples} == {"part1", "part2"}


@pytest.mark.parametrize("labels", ["cat cat dog dog", "0 0 1 1", "Cat Cat Dog Dog"])
def test_a_table_that_labels_the_sound_alike_is_no_matter(plant: Plant, read: Read, labels: str) -> None:
    folder = plant("cat/{1,2}.wav dog/{3,4}.wav")
    table(folder / "t.csv", [f"{n},{label}" for n, label in enumerate(labels.split(), 1)], "recording,label")
    assert {example.target for example in read(folder).examples} == {"cat", "dog"}


MUSIC = [*(f"train_data/{number}.wav" for number in (1, 2, 3)), "test_data/4.wav", "test_data/5.wav"]


@pytest.mark.parametrize(
    ("sounds", "table", "key"),
    [
        (MUSIC, "music_metadata.csv", "id"),  # MusicNet
        ([f"Audios/m_{number}.wav" for number in range(5)], "Labels/consensus.csv", "FileName"),  # MSP-Podcast
    ],
)
def test_where_folders_are_no_classes_the_table_is_named(
    lay: Callable[..., Path], read_source: Callable[..., Reading], sounds: list[str], table: str, key: str
) -> None:
    rows = "".join(f"{Path(name).stem if key == 'id' else Path(name).name},B,1999\n" for name in sounds)
    with pytest.raises(InputError, match=rf"{table} names 5 .*`data.columns: {{audio: {key}, label: ...}}`.*composer"):
        read_source(lay(sounds, {table: f"{key},composer,year\n{rows}"}))
