"""Folders beside Hugging Face's `AudioFolder`: what `datasets` 5.2.0 makes of them, recorded with

    load_dataset("audiofolder", data_dir=FOLDER).cast_column("audio", Audio(decode=False))

`S` stands for `{1,2}.wav`. It calls everything `train` where no folder is a split's; here that is no split.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Plant, Read = Callable[[str], Path], Callable[..., Reading]

# The splits of the folders that `datasets` finds; the label is the name of the folder that a file stands in
SAME = {
    "{cat,dog}/S": {},
    "{cat,dog}/S README.csv": {},
    "data/{cat,dog}/S": {},
    "{train,test}/{cat,dog}/S": {"train": "train", "test": "test"},
    "{train,validation,test}/{cat,dog}/S": {"train": "train", "validation": "validation", "test": "test"},
    "{training,testing}/{cat,dog}/S": {"training": "train", "testing": "test"},
    "{train,dev}/{cat,dog}/S": {"train": "train", "dev": "validation"},
    "{train,eval}/{cat,dog}/S": {"train": "train", "eval": "test"},
    "{train,dev,eval}/{cat,dog}/S": {"train": "train", "dev": "validation", "eval": "test"},
    "{train-clean,test-other}/{cat,dog}/S": {"train-clean": "train", "test-other": "test"},
    "{train,test}/{cat,dog}/S docs/guide.md": {"train": "train", "test": "test"},
    "data/{train,test}/{cat,dog}/S": {"train": "train", "test": "test"},
}


@pytest.mark.parametrize("spec", SAME)
def test_what_datasets_reads_is_read_the_same(plant: Plant, read: Read, spec: str) -> None:
    examples = read(plant(spec.replace("/S", "/{1,2}.wav"))).examples
    assert len(examples) == 4 * max(1, len(SAME[spec]))
    for example in examples:
        *above, label, _ = Path(example.audio[0].path).parts
        assert example.target == label
        assert example.split == SAME[spec].get(above[-1])


@pytest.mark.parametrize(
    ("spec", "splits_and_labels"),
    [
        # datasets: the files of bus and car are lost, those of train are the train split
        ("{bus,car,train}/S", {(None, "bus"), (None, "car"), (None, "train")}),
        # datasets: a label `train` and a label `test`
        ("{cat,dog}/{train,test}/S", {(split, label) for split in ("train", "test") for label in ("cat", "dog")}),
        # datasets: everything is train
        ("{Train,TEST}/{cat,dog}/S", {(split, label) for split in ("train", "test") for label in ("cat", "dog")}),
        # datasets: no labels at all, since one split has none
        ("train/{cat,dog}/S test/S", {("train", "cat"), ("train", "dog")}),
        # datasets: the labels are session1 and session2
        ("{cat,dog}/session{1,2}/S", {(None, "cat"), (None, "dog")}),
    ],
)
def test_classes_and_splits_that_datasets_loses(
    plant: Plant, read: Read, spec: str, splits_and_labels: set[tuple[str | None, str]]
) -> None:
    examples = read(plant(spec.replace("/S", "/{1,2}.wav"))).examples
    assert {(example.split, example.target) for example in examples} == splits_and_labels


@pytest.mark.parametrize(
    "spec",
    [
        "{cat,dog}/S cow/{1,2}.m4a",  # datasets: cow is gone without a word
        "{train,test}/{cat,dog}/S extras/S",  # datasets: extras is gone without a word
        "speaker{0,1}/{angry,happy}/S",  # datasets: angry and happy, and the speakers stand on all sides
    ],
)
def test_what_datasets_decides_silently_is_asked(plant: Plant, read: Read, spec: str) -> None:
    with pytest.raises(InputError):
        read(plant(spec.replace("/S", "/{1,2}.wav")))


def test_metadata_gives_labels_and_the_folders_of_the_files_give_splits(plant: Plant, read: Read) -> None:
    """datasets: with the table at the top the labels of train are lost; with one for each split all is found."""
    folder = plant("{train,test}/{1,2}.wav")
    rows = [(split, n, label) for split in ("train", "test") for n, label in ((1, "cat"), (2, "dog"))]
    for split in ("train", "test"):
        lines = [f"{n}.wav,{label}" for top, n, label in rows if top == split]
        (folder / split / "metadata.csv").write_text("\n".join(["file_name,label", *lines]))
    in_splits = {(e.id, e.split, e.target) for e in read(folder).examples}
    assert in_splits == {(f"{split}/{n}.wav", split, label) for split, n, label in rows}
    for split in ("train", "test"):
        (folder / split / "metadata.csv").unlink()
    lines = [f"{split}/{n}.wav,{label}" for split, n, label in rows]
    (folder / "metadata.csv").write_text("\n".join(["file_name,label", *lines]))
    assert {(e.id, e.split, e.target) for e in read(folder).examples} == in_splits
