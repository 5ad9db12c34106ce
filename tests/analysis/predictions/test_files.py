"""Plain files of predictions: every format says the same, and what is wrong is named."""

import json
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.predictions.files import labelled, numeric, read_file, read_parts
from trainables.errors import InputError
from trainables.records import Predictions

ROWS = [
    {"example_id": "a", "target": "yes", "output": "yes", "seed": 1, "group": "p", "score/no": 0.1, "score/yes": 0.9},
    {"example_id": "b", "target": "no", "output": "yes", "seed": 1, "group": "p", "score/no": 0.4, "score/yes": 0.6},
    {"example_id": "a", "target": "yes", "output": "no", "seed": 2, "group": "p", "score/no": 0.7, "score/yes": 0.3},
    {"example_id": "b", "target": "no", "output": "no", "seed": 2, "group": "p", "score/no": 0.8, "score/yes": 0.2},
]


def written(path: Path, rows: list[dict]) -> Path:
    if path.suffix == ".parquet":
        pd.DataFrame(rows).to_parquet(path)
    elif path.suffix == ".csv":
        pd.DataFrame(rows).to_csv(path, index=False)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".json", ".jsonl"])
def test_every_format_says_the_same(tmp_path: Path, suffix: str) -> None:
    found = read_file(written(tmp_path / f"p{suffix}", ROWS)).runs
    assert list(found) == [1, 2]
    assert found[2].example_ids == ["a", "b"]
    assert found[2].outputs == ["no", "no"]
    assert found[2].groups == ["p", "p"]
    assert found[2].classes == ("no", "yes")
    np.testing.assert_allclose(found[1].scores, [[0.1, 0.9], [0.4, 0.6]])


def test_what_the_sweeps_write_can_be_read(tmp_path: Path) -> None:
    target = [np.array([0.5, 1.0]), np.array([2.0, 3.0])]
    run = Predictions(["a", "b"], ["g", "h"], ["-", "-"], target, [t + 1 for t in target])
    run.write_parquet(tmp_path / "test.parquet")
    found = read_file(tmp_path / "test.parquet").runs[0]
    np.testing.assert_array_equal(found.targets, target)
    assert found.groups == ["g", "h"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([("1", "0"), ("0", "0")], ["1", "0"]),  # whole numbers are labels
        ([("1.5", "0.25"), ("2", "2.5")], [1.5, 2.0]),  # a fraction makes regression of it
        ([("yes", "1"), ("no", "0")], ["yes", "no"]),
        ([("NA", "None"), ("null", "nan")], ["NA", "null"]),  # labels that pandas would take for nothing
    ],
)
def test_numbers_or_labels(tmp_path: Path, values: list[tuple[str, str]], expected: list) -> None:
    rows = [{"example_id": f"e{i}", "target": t, "output": o} for i, (t, o) in enumerate(values)]
    for suffix in (".csv", ".json"):
        assert read_file(written(tmp_path / f"p{suffix}", rows)).runs[0].targets == expected


def test_without_groups_every_example_is_its_own(tmp_path: Path) -> None:
    rows = [{"example_id": 7, "target": "a", "output": "a"}, {"example_id": 8, "target": "b", "output": "a"}]
    found = read_file(written(tmp_path / "p.json", rows)).runs
    assert found[0].groups == found[0].example_ids == ["7", "8"]


def test_missing_answers_stay_missing(tmp_path: Path) -> None:
    rows = [{"example_id": "a", "target": "1.5", "output": ""}, {"example_id": "b", "target": "2.5", "output": "2.0"}]
    assert np.isnan(read_file(written(tmp_path / "p.csv", rows)).runs[0].outputs[0])
    rows = [{"example_id": "a", "target": "x", "output": ""}, {"example_id": "b", "target": "y", "output": "y"}]
    found = labelled(read_file(written(tmp_path / "q.csv", rows)).runs, ("x", "y"))
    assert found[0].outputs == [None, "y"]


def test_whole_numbers_can_be_read_as_numbers(tmp_path: Path) -> None:
    rows = [{"example_id": "a", "target": "1", "output": "3"}, {"example_id": "b", "target": "2", "output": "2"}]
    found = read_file(written(tmp_path / "p.csv", rows)).runs
    assert numeric(found)[0].outputs == [3.0, 2.0]
    assert labelled(found, ("1", "2", "3"))[0].outputs == ["3", "2"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.txt", "x", "read from .parquet"),
        ("p.csv", "example_id,target\na,b\n", "column output is missing"),
        ("p.csv", "example_id,target,output\n", "it has no rows"),
        ("p.csv", "", "it is empty"),
        ("p.csv", "example_id,target,output\na,x\n", "row 1 has 2 cells, and the first line names 3 columns"),
        ("p.csv", "example_id,target,output\nb,x,x\na,x,x,y\n", "row 2 has 4 cells"),
        ("p.csv", "example_id,target,output,target\na,x,x,y\n", "the column target stands twice"),
        ("p.csv", 'example_id,target,output\na,x,"x\n', "cannot be read"),
        ("p.csv", "example_id,target,output,seed\na,x,x,1.5\n", "seed '1.5' is no whole number"),
        ("p.csv", "example_id,target,output,score/x\na,x,x,high\n", "a score is no number"),
        ("p.json", "{nonsense", "cannot be read"),
        ("p.json", "[1, 2]", "needs a list of objects"),
        ("p.parquet", "not parquet", "cannot be read"),
        ("p.json", '[{"example_id": "a", "target": [1, 2], "output": "x"}]', "lists of numbers and others are not"),
        (
            "p.json",
            '[{"example_id": "a", "target": [1, 2], "output": [1, 2]}, {"example_id": 2, "target": [1], "output": []}]',
            "different lengths",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        read_file(tmp_path / name)
    assert all(name in problem for problem in caught.value.problems)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_file(tmp_path / "absent.csv")


def test_parts_of_a_file_need_the_same_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("example_id,target,output\na,x,x\n")
    (tmp_path / "b.csv").write_text("example_id,output,target\nb,y,x\n")
    assert read_parts([tmp_path / "a.csv", tmp_path / "b.csv"]).runs[0].outputs == ["x", "y"]
    (tmp_path / "c.csv").write_text("example_id,target,output,seed\nb,x,y,1\n")
    with pytest.raises(InputError, match="parts of one file need the same columns"):
        read_parts([tmp_path / "a.csv", tmp_path / "c.csv"])


def test_cells_are_what_stands_between_commas(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('example_id,target,output\r\n\r\n"1, 2",NA,"say ""x""\nand y"\r\n')
    found = read_file(tmp_path / "a.csv").runs[0]
    assert (found.example_ids, found.targets, found.outputs) == (["1, 2"], ["NA"], ['say "x"\nand y'])


def test_equal_names_and_labels_are_equal_however_they_are_spelled(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "\u00e9")
    rows = [
        {
            "example_id": f"{decomposed}1",
            "target": "\u00e9",
            "output": decomposed,
            f"score/{decomposed}": 0.9,
            "score/x": 0.1,
        },
        {"example_id": "2 ", "target": "x", "output": " x", f"score/{decomposed}": 0.2, "score/x": 0.8},
    ]
    found = read_file(written(tmp_path / "p.json", rows))
    run = found.runs[0]
    assert run.targets == run.outputs == ["\u00e9", "x"]
    assert run.example_ids == run.groups == ["\u00e91", "2"]
    assert run.classes == ("\u00e9", "x")
    (note,) = found.notes
    assert "2 targets and outputs were brought to" in note


def test_a_file_of_one_seed_names_it_whatever_its_number(tmp_path: Path) -> None:
    rows = [{"example_id": "a", "target": "x", "output": "x"}]
    assert not read_file(written(tmp_path / "p.csv", rows)).seeded
    assert read_file(written(tmp_path / "q.csv", [{**row, "seed": 0} for row in rows])).seeded
