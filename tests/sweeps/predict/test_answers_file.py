"""Answers in a file: whole rows, taken up where an earlier run was cut off, in three formats."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sweeps.predict import answers_file
from sweeps.predict.answers_file import Answer, AnswersFile
from sweeps.predict.command import left
from trainables.data.examples import AudioPiece, Example
from trainables.errors import InputError

LABELS = ("cat", "dog")
MODEL = "birds-1/finalist-1/7"


def answer(number: int, label: str = "dog") -> Answer:
    return Answer(f"/clips/c{number}, a.wav", 0.0, None, 1.25, label, {"cat": 0.25, "dog": 0.75})


def written(path: Path, numbers: list[int]) -> AnswersFile:
    file = AnswersFile(path, MODEL, LABELS)
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
        "end_seconds": "1.25",
        "seconds": "",
        "answer": "dog",
        "probability/cat": "0.25",
        "probability/dog": "0.75",
        "model": MODEL,
    }


def test_ratings_have_a_column_each(tmp_path: Path) -> None:
    with AnswersFile(tmp_path / "ratings.csv", MODEL, (), ("valence", "arousal")) as file:
        file.write(Answer("a.wav", 0.0, None, 1.0, "[3.5, 2.0]", {}, ratings={"valence": 3.5, "arousal": 2.0}))
    (row,) = csv.DictReader((tmp_path / "ratings.csv").open(newline=""))
    assert (row["answer"], row["rating/valence"], row["rating/arousal"]) == ("[3.5, 2.0]", "3.5", "2.0")


def test_json_lines_and_parquet_hold_the_same(tmp_path: Path) -> None:
    written(tmp_path / "a.jsonl", [1, 2])
    written(tmp_path / "a.parquet", [1, 2])
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == lines


def test_a_parquet_file_appears_whole_or_not_at_all_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers_file, "ROWS_AT_ONCE", 2)  # several groups of rows
    path = tmp_path / "a.parquet"
    file = AnswersFile(path, MODEL, LABELS).__enter__()
    for number in (1, 2, 3):
        file.write(answer(number))
    file.__exit__(RuntimeError, RuntimeError(), None)
    assert not path.exists()
    assert len(written(path, [1, 2, 3, 4, 5]).done) == 3
    assert pq.read_table(path)["path"].to_pylist() == [answer(number).path for number in (1, 2, 3, 4, 5)]
    assert [found.name for found in tmp_path.iterdir()] == ["a.parquet"]


def test_a_parquet_file_without_an_answer_has_its_columns(tmp_path: Path) -> None:
    written(tmp_path / "a.parquet", [])
    table = pq.read_table(tmp_path / "a.parquet")
    assert (len(table), table.column_names[-1]) == (0, "model")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_answers_of_another_arm_or_seed_are_not_taken_for_its_own(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"answers{suffix}"
    written(path, [1, 2])
    before = path.read_bytes()
    with pytest.raises(InputError, match="holds the answers of birds-1/finalist-1/7, not of birds-1/baseline/7"):
        AnswersFile(path, "birds-1/baseline/7", LABELS)
    assert path.read_bytes() == before


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("text", ["dear diary\nno answers here\n", "dear diary\n", "dear diary", "{}\n"])
def test_what_is_not_its_own_stays(tmp_path: Path, suffix: str, text: str) -> None:
    path = tmp_path / f"notes{suffix}"
    path.write_text(text)
    with pytest.raises(InputError, match="is there already"):
        AnswersFile(path, MODEL, LABELS)
    assert path.read_text() == text


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize("kept", [0, 3, 150])
def test_a_run_that_was_cut_off_before_its_first_row_begins_anew(tmp_path: Path, suffix: str, kept: int) -> None:
    path = tmp_path / f"answers{suffix}"
    written(path, [1])
    whole = path.read_bytes()
    path.write_bytes(whole[:kept])
    written(path, [1])
    assert path.read_bytes() == whole


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_another_models_answers_are_not_taken_up(tmp_path: Path, suffix: str) -> None:
    written(tmp_path / f"answers{suffix}", [1])
    with pytest.raises(InputError, match="no answers of this model"):
        AnswersFile(tmp_path / f"answers{suffix}", MODEL, ("cat", "cow"))


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must end in \.csv, \.jsonl, \.parquet"):
        AnswersFile(tmp_path / "answers.xlsx", MODEL, LABELS)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_answers_to_several_questions_about_a_clip_are_told_apart(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"answers{suffix}"
    with AnswersFile(path, MODEL, (), asks=True) as file:
        for question in ("What?", "Who?"):
            file.write(Answer("/a.wav", 0.0, None, 1.0, "a dog", {}, question=question))
    again = AnswersFile(path, MODEL, (), asks=True)
    assert again.done == {("/a.wav", 0.0, None, "What?"), ("/a.wav", 0.0, None, "Who?")}
    clips = [Example("a", (AudioPiece("/a.wav"),), "a", "", question=asked) for asked in ("Who?", "When?", None)]
    assert [clip.question for clip in left(iter(clips), again.done, "What?")] == ["When?"]
