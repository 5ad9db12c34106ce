"""Columns of yes and no that say the split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from trainables.data.examples import Example
from trainables.data.reading import Account, Wanted
from trainables.data.tables.clip_rows import examples_of
from trainables.errors import InputError

HERE = Path("/nowhere")
T, V, E = "train", "validation", "test"


def read(columns: dict[str, Sequence[Any]], **renamed: str) -> tuple[list[Example], Account]:
    account = Account()
    rows = [
        (f"row {n}", {"audio": f"{n}.wav", "label": "x", **dict(zip(columns, values, strict=True))})
        for n, values in enumerate(zip(*columns.values(), strict=True))
    ]
    return examples_of(HERE / "t.csv", rows, HERE, Wanted("label", HERE, renamed), account), account


@pytest.mark.parametrize(
    ("columns", "splits"),
    [
        ({"is_test": [0, 0, 0, 1]}, [T, T, T, E]),
        ({"is_test": ["0", "0", "1", "1"]}, [T, T, E, E]),
        ({"isTest": ["no", "No", "no", "YES"]}, [T, T, T, E]),
        ({"Is Test": ["False", "False", "False", "True"]}, [T, T, T, E]),
        ({"is_test": [False, False, True, False]}, [T, T, E, T]),
        ({"in_test": [0.0, 1.0, 0.0, 0.0]}, [T, E, T, T]),
        ({"heldout": ["n", "n", "n", "y"]}, [T, T, T, E]),
        ({"is_test": ["", "", "x", ""]}, [T, T, E, T]),
        ({"is_test": [None, None, 1, None]}, [T, T, E, T]),
        ({"is_train": [1, 1, 1, 0]}, [T, T, T, E]),
        ({"is_valid": ["False", "False", "False", "True"]}, [T, T, T, V]),  # as fastai has it
        ({"is_train": [1, 1, 0, 0], "is_valid": [0, 0, 1, 0]}, [T, T, V, E]),
        ({"is_train": [1, 1, 0, 0], "is_test": [0, 0, 0, 1]}, [T, T, V, E]),
        ({"is_test": [0, 0, 0, 1], "is_validation": [0, 0, 1, 0]}, [T, T, V, E]),
        ({"train": [1, 1, 0, 0], "val": [0, 0, 1, 0], "test": [0, 0, 0, 1]}, [T, T, V, E]),
        ({"train": [1, 1, 0, 0], "dev": [0, 0, 1, 0], "test": [0, 0, 0, 1]}, [T, T, V, E]),
    ],
)
def test_the_split_of_a_row(columns: dict[str, Sequence[Any]], splits: list[str]) -> None:
    examples, account = read(columns)
    assert [example.split for example in examples] == splits
    (said,) = account.guesses
    assert all(name in said for name in columns)
    assert f"{E} {splits.count(E)}" in said or E not in splits
    assert not account.advice
    assert not account.columns_unread


def test_it_can_be_declined_and_named() -> None:
    examples, account = read({"is_test": [0, 0, 1, 0]}, split="")
    assert {example.split for example in examples} == {None}
    assert account.columns_unread == {"is_test": 4}
    examples, _ = read({"is_test": [0, 0, 1, 0], "test": [1, 0, 0, 0]}, split="is_test")
    assert [example.split for example in examples] == [T, T, E, T]


@pytest.mark.parametrize(
    "columns",
    [
        {"test": [0, 1, 0, 1]},  # may be the outcome of a test
        {"is_valid": [1, 1, 1, 0]},  # may say that a clip is good
        {"is_test": [0, 0, 0, 0]},
        {"is_test": ["a", "b", "c", "d"]},
        {"is_test": [0, 1, None, 0]},
    ],
)
def test_what_may_be_something_else_is_said_and_not_read(columns: dict[str, Sequence[Any]]) -> None:
    examples, account = read(columns)
    assert {example.split for example in examples} == {None}
    assert "looks like a split and is not read" in account.advice[0]


def test_a_column_of_names_stands_above_them() -> None:
    examples, account = read({"split": [T, V, E, E], "is_test": [0, 0, 1, 0]})
    assert [example.split for example in examples] == [T, V, E, E]
    assert account.columns_unread == {"is_test": 4}


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"is_train": [1, 1, 0, 1], "is_test": [0, 0, 1, 1]}, "put 1 of 4 rows into several splits"),
        (
            {"is_train": [1, 0, 0, 0], "is_val": [0, 1, 0, 0], "is_test": [0, 0, 1, 0]},
            "put 1 of 4 rows into no split",
        ),
    ],
)
def test_contradictions_are_refused(columns: dict[str, Sequence[Any]], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read(columns)


@pytest.mark.parametrize("name", ["set", "Partition", "subset"])
def test_splits_that_are_numbers_are_said_and_not_read(name: str) -> None:
    examples, account = read({name: [1, 1, 2, 3]})
    assert {example.split for example in examples} == {None}
    (said,) = account.advice
    assert f"the column {name!r} may say the split and is not read" in said
    assert "'1' (2 rows), '2' (1 rows), '3' (1 rows)" in said
    assert not read({name: [1, 1, 2, 3]}, split="")[1].advice


def test_two_folds_may_be_a_split() -> None:
    assert "has two values, '0' (3 rows), '1' (1 rows)" in read({"fold": [0, 0, 0, 1]})[1].advice[0]
    assert not read({"fold": [0, 0, 2, 1]})[1].advice
