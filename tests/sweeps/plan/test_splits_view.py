"""The table of splits for few and for many classes, as it looks at several widths."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from sweeps.plan.splits_view import splits_view
from trainables.data.splits import SplitRow

SPLITS = ("train", "validation", "test")
WORDS = ("Bark", "Acoustic guitar", "Water tap, faucet", "Inside, large room or hall with reverberation")


def name(index: int) -> str:
    return f"{WORDS[index % len(WORDS)]} {index}"


def shown(classes: int, width: int) -> list[str]:
    rows = [
        SplitRow(split, name(index), 1000 + index if split == "train" else index % 7, 1 + index % 5)
        for split in SPLITS
        for index in range(classes)
    ]
    console = Console(file=StringIO(), width=width)
    console.print(splits_view(rows, {"train": 40, "validation": 11, "test": 10}))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("classes", [2, 7, 8, 20, 40, 41, 100, 527])
def test_no_column_is_blank_and_no_number_is_cut(classes: int, width: int) -> None:
    lines = shown(classes, width)
    text = "\n".join(lines)
    assert all(len(line) <= width for line in lines)
    for split in SPLITS:
        assert split in text
    total = sum(1000 + index for index in range(classes))
    assert f"{total:,} (40)" in text or str(total) in text
    listed = sum("(" in line for line in lines)
    assert listed <= 45
    assert "(1)" in text


def test_few_classes_have_a_column_each_where_there_is_room() -> None:
    wide, narrow = shown(4, 200), shown(4, 80)
    assert "Acoustic guitar 1 (groups)" in wide[1]
    assert any(line.split()[:3] == ["Bark", "0", "1,000"] for line in narrow)


def test_every_class_up_to_forty_has_a_row_with_its_name() -> None:
    text = "\n".join(shown(40, 80))
    assert "all 40 classes" in text
    for index in range(40):
        assert f"{name(index)[:10]}" in text
    assert "Inside, large ro… reverberation 39" in text


def test_of_more_classes_the_ends_and_the_middle_are_shown() -> None:
    lines = shown(527, 80)
    text = "\n".join(lines)
    assert "all 527 classes" in text
    assert name(524) in text
    assert name(0) in text
    assert len(lines) < 25


def test_texts_have_no_classes() -> None:
    console = Console(file=StringIO(), width=80)
    console.print(splits_view([SplitRow("train", "-", 30, 3), SplitRow("test", "-", 10, 1)], {"train": 3, "test": 1}))
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().split()[:3] == ["split", "clips", "groups"]
