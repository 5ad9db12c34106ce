"""JSON in its forms: lines, one array, one object that holds the rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trainables.data.tables.json_rows import json_rows
from trainables.errors import InputError

ROWS = [{"audio": "a.wav", "label": "x"}, {"audio": "b.wav", "label": "y"}]


def lines(rows: list[Any], **how: Any) -> str:
    return "\n".join(json.dumps(row, **how) for row in rows)


@pytest.mark.parametrize(
    ("text", "form", "place"),
    [
        (lines(ROWS), "JSON lines", "t.json line 2"),
        (lines(ROWS).replace("\n", "\r\n\r\n") + "\r\n", "JSON lines", "t.json line 3"),
        (lines(ROWS, indent=2), "JSON objects one after the other", "t.json entry 2"),
        (json.dumps(ROWS), "one JSON array", "t.json entry 2"),
        (json.dumps(ROWS, indent=1), "one JSON array", "t.json entry 2"),
        (
            json.dumps({"version": 1, "data": ROWS}),
            "the list under the key 'data' of one JSON object",
            "t.json entry 2",
        ),
        (
            json.dumps({"audio": ["a.wav", "b.wav"], "label": ["x", "y"]}),
            "one JSON object with a list for each column",
            "t.json entry 2",
        ),
        (
            json.dumps({"audio": {"7": "a.wav", "9": "b.wav"}, "label": {"7": "x", "9": "y"}}),
            "one JSON object with an object for each column",
            "t.json entry 2",
        ),
        (
            json.dumps({"u1": ROWS[0], "u2": ROWS[1]}),
            "one JSON object with an object for each clip",
            "t.json entry 2",
        ),
    ],
)
def test_forms(text: str, form: str, place: str) -> None:
    table = json_rows("t.json", text)
    assert [row for _, row in table.rows] == ROWS
    assert (table.form, table.rows[1][0]) == (form, place)
    assert not table.broken


def test_rows_below_further_objects() -> None:
    text = json.dumps({"version": 1, "data": {"about": "x", "clips": ROWS}})
    assert [row for _, row in json_rows("t.json", text).rows] == ROWS


def test_keys_that_are_the_files() -> None:
    table = json_rows("t.json", json.dumps({row["audio"]: {"label": row["label"]} for row in ROWS}))
    assert [row for _, row in table.rows] == ROWS
    assert table.guesses == ["The keys of t.json (such as 'a.wav') are the files of the clips."]


def test_a_row_alone() -> None:
    assert [row for _, row in json_rows("t.json", json.dumps(ROWS[0], indent=2)).rows] == ROWS[:1]


def test_which_key_holds_the_rows_is_said() -> None:
    table = json_rows("t.json", json.dumps({"info": {}, "clips": ROWS}))
    assert table.guesses == ["The clips of t.json are the 2 entries under its key 'clips'."]


def test_broken_lines_are_named_and_the_others_read() -> None:
    text = "\n".join(
        [
            "not json",
            lines(ROWS[:1]),
            '{"audio": "c.wav", "label": "x", "label": "y"}',
            '["d.wav"]',
            '"e.wav"',
            '{"audio":',
        ]
    )
    table = json_rows("t.jsonl", text)
    assert [row for _, row in table.rows] == ROWS[:1]
    assert table.broken == [
        ("t.jsonl line 1", "is no JSON (Expecting value at column 1)."),
        ("t.jsonl line 3", "has the key 'label' twice."),
        ("t.jsonl line 4", "must be a JSON object with the columns as keys, is a list."),
        ("t.jsonl line 5", "must be a JSON object with the columns as keys, is a text."),
        ("t.jsonl line 6", "is no JSON (Expecting value at column 10)."),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (json.dumps({"images": ROWS, "clips": ROWS}), r"several of its keys hold lists of objects \(images, clips\)"),
        (json.dumps({"audio": ["a.wav"], "label": ["x", "y"]}), r"differ in length \(audio: 1, label: 2\)"),
        (json.dumps({"audio": {"0": "a.wav"}, "label": {"1": "x"}, "id": {}}), r"differ in their keys"),
        (json.dumps([["audio", "label"], ["a.wav", "x"]]), r"begins with a list"),
        ("[{", r"is no JSON"),
        ('[{"audio": 1,\n "audio": 2}]', r"has the key 'audio' twice"),
        (",\n".join(json.dumps(row) for row in ROWS) + ",", r"lines that end with a comma"),
        ("3", r"t.json"),
    ],
)
def test_what_holds_no_rows(text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        json_rows("t.json", text)


def test_a_list_for_each_split() -> None:
    rows = json_rows("t.json", '{"train": [{"audio": "a"}], "valid": [{"audio": "b", "split": "test"}]}').rows
    assert [row for _, row in rows] == [{"split": "train", "audio": "a"}, {"split": "test", "audio": "b"}]
    with pytest.raises(InputError, match="several of its keys"):
        json_rows("t.json", '{"train": [{"audio": "a"}], "extra": [{"audio": "b"}]}')


def test_columns_and_data_as_pandas_splits_them() -> None:
    text = '{"columns": ["audio", "label"], "index": [0, 1], "data": [["a", "x"], ["b", "y"]]}'
    assert [row for _, row in json_rows("t.json", text).rows] == [
        {"audio": "a", "label": "x"},
        {"audio": "b", "label": "y"},
    ]


def test_files_below_labels() -> None:
    table = json_rows("labels.json", json.dumps({"dog": ["1.wav", "2.wav"], "cat": ["3.wav"]}))
    rows = [row for _, row in table.rows]
    assert [(row["audio"], row["label"]) for row in rows] == [("1.wav", "dog"), ("2.wav", "dog"), ("3.wav", "cat")]
    with pytest.raises(InputError, match="the files of each split, and no labels"):
        json_rows("labels.json", json.dumps({"train": ["1.wav", "2.wav"], "test": ["3.wav"]}))


@pytest.mark.parametrize("values", [["x", "y"], [1, 2], [["x", "y"], ["y", "z"]], ["x.wav", "y.wav"]])
def test_a_label_for_each_file(values: list[object]) -> None:
    table = json_rows("t.json", json.dumps(dict(zip(("a.wav", "b.flac"), values, strict=True))))
    assert [row for _, row in table.rows] == [
        {"audio": "a.wav", "label": values[0]},
        {"audio": "b.flac", "label": values[1]},
    ]
    assert "'a.wav'" in table.guesses[0]


def test_lists_of_files_below_the_names_of_columns_are_columns() -> None:
    rows = json_rows("t.json", '{"group": ["a.wav", "b.wav"], "target": ["c.wav", "d.wav"]}').rows
    assert [row for _, row in rows] == [{"group": "a.wav", "target": "c.wav"}, {"group": "b.wav", "target": "d.wav"}]
    labels = json_rows("t.json", '{"target": ["a.wav"], "other": ["b.wav"]}').rows
    assert [row for _, row in labels] == [{"audio": "a.wav", "label": "target"}, {"audio": "b.wav", "label": "other"}]
