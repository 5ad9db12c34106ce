"""Cells that hold the labels of a clip, in every form that tables have."""

from __future__ import annotations

from typing import Any

import pytest

from trainables.data.tables.label_lists import labels_of, refuse_places
from trainables.data.tables.values import BadCell
from trainables.errors import InputError


@pytest.mark.parametrize(
    ("value", "separator", "labels"),
    [
        (["dog", "rain"], None, ["dog", "rain"]),
        ('["dog", "rain"]', None, ["dog", "rain"]),
        ("[]", None, []),
        ([], None, []),
        (None, None, []),
        ("dog", None, ["dog"]),
        ("dog bark", None, ["dog bark"]),
        ("dog;rain; dog", ";", ["dog", "rain"]),
        ("dog, big;rain", ";", ["dog, big", "rain"]),
        ("dog;", ";", ["dog"]),
        ([1, 2.0], None, ["1", "2"]),
        ("cafe\u0301", None, ["caf\u00e9"]),
    ],
)
def test_what_is_read(value: Any, separator: str | None, labels: list[str]) -> None:
    assert labels_of("labels", value, separator) == labels


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("dog,rain", 'data.separator: ","'),
        ("dog|rain", 'data.separator: "|"'),
        ("[dog, rain]", "begins as a list"),
        ([["dog"]], "list of labels"),
        ([None], "list of labels"),
    ],
)
def test_what_is_refused(value: Any, words: str) -> None:
    with pytest.raises(BadCell) as raised:
        labels_of("labels", value, None)
    assert words in raised.value.problems[0]


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        ("['dog', 'rain']", ["dog", "rain"]),  # as pandas writes a column of lists
        ("['dog' 'rain']", ["dog", "rain"]),  # as NumPy writes an array
        ("['dog'\n 'rain']", ["dog", "rain"]),
        ("{'rain', \"dog's\"}", ["rain", "dog's"]),
        ("('dog',)", ["dog"]),
        (r"['it\'s', 'a \"b\"']", ["it's", 'a "b"']),
        ("['dog, big']", ["dog, big"]),
    ],
)
def test_lists_as_python_writes_them(written: str, labels: list[str]) -> None:
    assert labels_of("labels", written, None) == labels


@pytest.mark.parametrize(
    "values",
    [
        [[0, 1, 0], [1, 1, 0]],
        [[0.0, 1.0, 0.0], None, [1.0, 0.0, 0.0]],
        [[False, True, True], [False, False, True]],
        ["[0, 1, 0]", "[1, 1, 1]"],
    ],
)
def test_a_place_for_each_label_is_no_list_of_labels(values: list[Any]) -> None:
    with pytest.raises(InputError, match="3 zeros and ones, a place for each label"):
        refuse_places("labels", values)


@pytest.mark.parametrize("values", [[[0, 1], [1]], [[1, 0], [0, 1]], [[2, 3, 3]], [["0", "1"], []], ["dog", "0"], []])
def test_lists_of_numbers_that_may_be_labels(values: list[Any]) -> None:
    refuse_places("labels", values)
