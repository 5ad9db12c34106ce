"""Answers in a file: whole rows, taken up where an earlier run was cut off, in three formats."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sweeps.predict.answers_file import Answer, AnswersFile
from trainables.errors import InputError

LABELS = ("cat", "dog")


def answer(number: int, label: str = "dog") -> Answer:
    return Answer(f"/clips/c{number}, a.wav", 0.0, None, 1.25, label, {"cat": 0.25, "dog": 0.75})


def written(path: Path, numbers: list[int]) -> AnswersFile:
    file = AnswersFile(path, LABELS)
    with file:
        for number in numbers:
            if answer(number).path not in {place[0] for place in file.done}:
                file.write(answer(number))
    return file


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_run_that_was_cut_off_goes_on(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"answers{suffix}"
    written(path, [1, 2, 3])
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])  # the last row is half there
    again = written(path, [1, 2, 3])
    assert len(again.done) == 2
    assert path.read_bytes() == whole


def test_the_columns_of_a_csv(tmp_path: Path) -> None:
    written(tmp_path / "answers.csv", [1])
    (row,) = csv.DictReader((tmp_path / "answers.csv").open(newline=""))
    assert row == {
        "path": "/clips/c1, a.wav",
        "start_seconds": "0.0",
        "seconds": "",
        "heard_seconds": "1.25",
        "answer": "dog",
        "probability/cat": "0.25",
        "probability/dog": "0.75",
    }


def test_ratings_have_a_column_each(tmp_path: Path) -> None:
    with AnswersFile(tmp_path / "ratings.csv", (), ("valence", "arousal")) as file:
        file.write(Answer("a.wav", 0.0, None, 1.0, "[3.5, 2.0]", {}, ratings={"valence": 3.5, "arousal": 2.0}))
    (row,) = csv.DictReader((tmp_path / "ratings.csv").open(newline=""))
    assert (row["answer"], row["rating/valence"], row["rating/arousal"]) == ("[3.5, 2.0]", "3.5", "2.0")


def test_json_lines_and_parquet_hold_the_same(tmp_path: Path) -> None:
    written(tmp_path / "a.jsonl", [1, 2])
    written(tmp_path / "a.parquet", [1, 2])
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == lines


def test_a_parquet_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    file = AnswersFile(tmp_path / "a.parquet", LABELS).__enter__()
    file.write(answer(1))
    file.__exit__(RuntimeError, RuntimeError(), None)
    assert not (tmp_path / "a.parquet").exists()


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_what_is_not_its_own_stays(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"notes{suffix}"
    path.write_text("dear diary\nno answers here\n")
    with pytest.raises(InputError, match="is there already"):
        AnswersFile(path, LABELS)
    assert path.read_text() == "dear diary\nno answers here\n"


def test_another_models_answers_are_not_taken_up(tmp_path: Path) -> None:
    written(tmp_path / "answers.csv", [1])
    with pytest.raises(InputError, match="no answers of this model"):
        AnswersFile(tmp_path / "answers.csv", ("cat", "cow"))


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must end in \.csv, \.jsonl, \.parquet"):
        AnswersFile(tmp_path / "answers.xlsx", LABELS)
