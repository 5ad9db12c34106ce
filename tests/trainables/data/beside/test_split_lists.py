"""Lists of clips that are called as splits are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]
CLASSES = ["cat/1.wav", "cat/2.wav", "dog/3.wav", "dog/4.wav"]
FLAT = [f"audio/{n}.wav" for n in range(1, 5)]
TABLE = "file_name,label\n" + "".join(f"audio/{n}.wav,{'ab'[n % 2]}\n" for n in range(1, 5))
LISTED = {"1": "test", "2": "train", "3": "test", "4": "train"}


def splits_of(reading: Reading) -> dict[str, str | None]:
    return {Path(clip.audio[0].path).stem: clip.split for clip in reading.examples}


@pytest.mark.parametrize(
    "lists",
    [
        {"test.txt": "cat/1.wav\n./dog/3.wav\n", "train.txt": "cat/2\ndog/4\n"},
        {"test_list.txt": "cat/1.wav\ndog/3.wav\n"},
        {"TestList01.txt": "cat/1.wav 1\ndog/3.wav 2\n"},
        {"lists/testing_set.lst": "3 cat/1.wav\n3 dog/3.wav\n"},
        {"test_split.csv": "1\n3\n", "train_split.csv": "2\n4\n"},
        {"test_filtered.txt": "1.wav\r\n3.wav\r\n", "train_filtered.txt": "2.wav\r\n4.wav\r\n"},
        {"splits/test.csv": "id\n1\n3\n", "splits/train.csv": "id\n2\n4\n"},
        {"test.tsv": "cat\\1.wav\tcat\ndog\\3.wav\tdog\n"},
        {"test.csv": '"cat/1.wav"\n"dog/3.wav"\n'},
        {"test.txt": "/home/me/data/cat/1.wav\n/home/me/data/dog/3.wav\n"},
        {"eval.txt": "\ufeffcat/1.wav\ndog/3.wav\n\n"},
        {"train_files.txt": "old/machine/2.wav\n2.wav\n4.wav\n", "test_files.txt": "1.wav\n3.wav\n"},
    ],
)
def test_beside_class_folders(lay: Lay, read_source: Read, lists: dict[str, str]) -> None:
    reading = read_source(lay(CLASSES, lists))
    assert splits_of(reading) == LISTED
    assert {clip.target for clip in reading.examples} == {"cat", "dog"}
    assert all(name in reading.account.origins["split"] for name in lists)
    assert not any(name in str(dict(reading.account.files_unread)) for name in lists)
    assert "splits are drawn anew" not in " ".join(reading.account.advice)
    assert not any("names" in said and "is not read" in said for said in reading.account.advice)


@pytest.mark.parametrize(
    "lists",
    [
        {"test.txt": "audio/1.wav\naudio/3.wav\n"},
        {"train_split.csv": "2\n4\n", "test_split.csv": "1\n3\n"},
        {"test.lst": "1\n3\n"},
    ],
)
@pytest.mark.parametrize("name", ["metadata.csv", "labels.csv"])
@pytest.mark.parametrize("as_file", [True, False])
def test_beside_a_table(lay: Lay, read_source: Read, lists: dict[str, str], name: str, as_file: bool) -> None:
    folder = lay(FLAT, lists | {name: TABLE})
    reading = read_source(folder / name if as_file else folder)
    assert splits_of(reading) == LISTED


def test_ids_of_a_table_without_endings(lay: Lay, read_source: Read) -> None:
    table = "id,file_name,label\n" + "".join(f"2010-{n}-pl,audio/{n}.wav,{'ab'[n % 2]}\n" for n in range(1, 5))
    folder = lay(FLAT, {"metadata.csv": table, "test_list.txt": "2010-1-pl\n2010-3-pl\n"})
    assert splits_of(read_source(folder)) == LISTED


def test_all_three_splits_and_clips_of_none(lay: Lay, read_source: Read) -> None:
    lists = {"train.txt": "cat/1\n", "valid.txt": "cat/2\n", "test.txt": "dog/3\ndog/5\n"}
    reading = read_source(lay(CLASSES, lists))
    assert splits_of(reading) == {"1": "train", "2": "validation", "3": "test"}
    said = " ".join(reading.account.guesses)
    assert "1 clips stand in none of test.txt, train.txt, valid.txt and are left out" in said
    assert "1 lines of test.txt, train.txt, valid.txt name no clip" in said
    assert reading.account.files_unread[".wav", "in the list of no split"] == ["dog/4.wav"]


def test_stretches_of_one_recording_go_with_it(lay: Lay, read_source: Read) -> None:
    table = "file,label,start,end\n" + "".join(f"{n}.wav,x,{s},{s + 0.05}\n" for n in "12" for s in (0, 0.05))
    reading = read_source(lay(["1.wav", "2.wav"], {"metadata.csv": table, "test.txt": "2.wav\n"}))
    assert [clip.split for clip in reading.examples] == ["train", "train", "test", "test"]


def test_it_can_be_declined(lay: Lay, read_source: Read) -> None:
    reading = read_source(lay(CLASSES, {"test.txt": "cat/1.wav\ndog/3.wav\n"}), split="")
    assert {clip.split for clip in reading.examples} == {None}
    assert "test.txt" in str(dict(reading.account.files_unread))


def test_a_clip_on_two_sides_is_refused(lay: Lay, read_source: Read) -> None:
    lists = {"train.txt": "cat/1\ncat/2\ndog/3\n", "test.txt": "dog/3\ndog/4\n"}
    with pytest.raises(InputError, match=r"put 1 clips into several splits, such as dog/3\.wav"):
        read_source(lay(CLASSES, lists))


@pytest.mark.parametrize(
    "lists",
    [
        {"train.txt": "cat/1.wav\ndog/3.wav\n"},  # which of the others are for the test is not said
        {
            "fold1_train.txt": "cat/1\n",
            "fold1_test.txt": "dog/3\n",
            "fold2_train.txt": "dog/3\n",
            "fold2_test.txt": "cat/1\n",
        },
        {"test.txt": "how the test was made\n"},
    ],
)
def test_lists_that_do_not_say_it_are_not_read(lay: Lay, read_source: Read, lists: dict[str, str]) -> None:
    assert {clip.split for clip in read_source(lay(CLASSES, lists)).examples} == {None}


@pytest.mark.parametrize("name", ["test.csv", "test_metadata.csv"])
def test_the_table_itself_is_no_list(lay: Lay, read_source: Read, name: str) -> None:
    reading = read_source(lay(CLASSES, {name: "path,label\ncat/1.wav,cat\ndog/3.wav,dog\n"}))
    assert {clip.split for clip in reading.examples} == {None}


def test_lists_may_name_the_files_before_they_were_converted(lay: Lay, read_source: Read) -> None:
    names = [f"{genre}/{genre}.0000{number}" for genre in ("blues", "jazz") for number in range(4)]
    texts = {
        f"{split}_filtered.txt": "".join(f"{name}.wav\n" for name in names if name[-1] in of)
        for split, of in {"train": "01", "valid": "2", "test": "3"}.items()
    }
    reading = read_source(lay([f"genres/{name}.flac" for name in names], texts))
    assert [clip.split for clip in reading.examples] == ["train", "train", "validation", "test"] * 2
