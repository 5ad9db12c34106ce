"""What may stand in a cell, and what is made of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.trainables.data.tables.test_columns import read


def targets(values: list[Any], column: str = "label") -> list[Any]:
    examples, account = read([{"audio": f"{n}.wav", column: value} for n, value in enumerate(values)], column)
    assert not account.left_out
    return [example.target for example in examples]


@pytest.mark.parametrize(
    ("written", "label"),
    [
        (1, "1"), (1.0, "1"), (0.0, "0"), (-2.0, "-2"), (0.5, "0.5"), (Decimal("3"), "3"), (Decimal("3.0"), "3"),
        ("1.0", "1.0"), ("08", "08"), ("1e3", "1e3"), (" dog\t", "dog"), ("\u00a0dog", "dog"),
        ("cafe\u0301", "caf\u00e9"),
        (2**60, str(2**60)), ("null", "null"), ("NaN", "NaN"), ("no", "no"),
    ],
)  # fmt: skip
def test_labels(written: Any, label: str) -> None:
    assert targets([written]) == [label]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        (
            "label",
            ["a", "b"],
            'label is a list (["a", "b"]): a class is one text.',
        ),
        ("label", {"name": "a"}, 'label is an object ({"name": "a"}); a text or a number is wanted.'),
        ("label", b"a", "label is bytes"),
        ("label", date(2021, 5, 3), "label is a value of the type date"),
        ("label", float("inf"), "label is no finite number (inf)"),
        ("label", None, "the column 'label' is empty."),
        ("text", None, "the column 'text' is empty."),
        ("text", ["a", "b"], 'text is a list (["a", "b"]); a text or a number is wanted.'),
        ("text", True, "text is true, a boolean; a text is wanted."),
        ("targets", ["a", 1], "targets must be a list of numbers"),
        ("targets", [True], "targets must be a list of numbers"),
        ("targets", {"a": 1}, "targets must be a list of numbers"),
        ("targets", "[1, many]", "targets must be a list of numbers"),
    ],
)
def test_what_is_refused(column: str, value: Any, words: str) -> None:
    _, account = read([{"audio": "a.wav", column: value}], column)
    assert words in account.left_out[0].problem


def test_one_problem_of_many_values_is_said_once() -> None:
    rows = [{"audio": f"{n}.wav", "label": [str(n), "x"]} for n in range(20)]
    assert len({row.problem for row in read(rows)[1].left_out}) == 1


def test_texts_stay_as_they_are() -> None:
    assert targets(["  He said \u201cno\u201d. ", 1901, 2.0, "", " "], "text") == [
        "  He said “no”. ",
        "1901",
        "2",
        "",
        "",
    ]


def test_booleans_are_labels_where_all_are() -> None:
    assert targets([True, False]) == ["True", "False"]
    (said,) = read([{"audio": "a.wav", "label": True}])[1].guesses
    assert said == "The column 'label' holds booleans: its classes are True and False."
    examples, account = read([{"audio": f"{n}.wav", "label": label} for n, label in enumerate([1, True, 0, False])])
    assert [example.target for example in examples] == ["1", "0"]
    assert {row.problem for row in account.left_out} == {
        "label is true, a boolean, and other rows have texts or numbers; write those."
    }


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["1", "1.0", 1, 1.0, "1e0", "+1"], ["1"] * 6),
        (["0", "0.0", "1.5", "1.50"], ["0", "0", "1.5", "1.5"]),
        (["1.0", "2.0"], ["1.0", "2.0"]),  # one spelling for each: nothing to settle
        (["007", "7", "7.0"], ["007", "7", "7"]),
        (["1e3", "1000"], ["1000", "1000"]),
        (["one", "1"], ["one", "1"]),
    ],
)
@pytest.mark.parametrize("ours", ["label", "group", "fold"])
def test_equal_numbers_are_one_name(values: list[Any], found: list[str], ours: str) -> None:
    rows = [{"label": "x", ours: value} | {"audio": f"{n}.wav"} for n, value in enumerate(values)]
    for order in (rows, rows[::-1]):
        examples, account = read(order)
        got = {example.id: getattr(example, "target" if ours == "label" else ours) for example in examples}
        assert [got[f"{n}.wav"] for n in range(len(values))] == found
        changed = len(values) != sum(a == b for a, b in zip(values, found, strict=True) if isinstance(a, str))
        assert bool(account.guesses) == (changed and len(set(map(str, values))) > len(set(found)))


def test_names_lose_white_space_and_are_composed() -> None:
    rows = [{"audio": "a.wav", "label": "x", "id": " i ", "group": "Zoe\u0308 ", "split": " Train ", "fold": "3 "}]
    (example,), _ = read(rows)
    assert (example.id, example.group, example.split, example.fold) == ("i", "Zo\u00eb", "train", "3")


@pytest.mark.parametrize("address", ["https://x.org/a.wav", "s3://bucket/a.wav", "file:///a.wav"])
def test_addresses_are_not_fetched(address: str) -> None:
    _, account = read([{"audio": address, "label": "x"}])
    assert "audio is an address" in account.left_out[0].problem


def test_homes_of_users() -> None:
    _, account = read([{"audio": f"~nobody-here{tail}", "label": "x"} for tail in ("/a.wav", "x" * 300, "\0")])
    assert all(row.problem.endswith("and there is no such user.") for row in account.left_out)
    assert len(account.left_out) == 3
