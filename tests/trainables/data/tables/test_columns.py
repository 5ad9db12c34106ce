"""Columns under other names: what is taken, what is said of it, and where two of them compete."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from trainables.data.examples import Example
from trainables.data.formats.manifest import read_manifest
from trainables.data.reading import Account, Wanted
from trainables.data.tables.clip_rows import examples_of
from trainables.errors import InputError

HERE = Path("/nowhere")


def read(
    rows: Sequence[dict[str, Any]], column: str = "label", columns: dict[str, str] | None = None
) -> tuple[list[Example], Account]:
    account = Account()
    placed = [(f"row {number}", row) for number, row in enumerate(rows, start=1)]
    examples = examples_of(HERE / "t.csv", placed, HERE, Wanted(column, HERE, columns or {}), account)
    return examples, account


def refusal(rows: Sequence[dict[str, Any]], column: str = "label", **columns: str) -> str:
    with pytest.raises(InputError) as caught:
        read(rows, column, columns)
    return str(caught.value)


@pytest.mark.parametrize(
    "name", ["path", "file", "File Name", "file_name", "audio_filepath", "wav", "audioPath", "Clip"]
)
def test_names_of_the_file(name: str) -> None:
    (example,), account = read([{name: "a.wav", "label": "x"}])
    assert example.audio[0].path == "/nowhere/a.wav"
    assert account.origins["audio"] == f"column {name} (a guess)"
    (said,) = account.guesses
    assert said.startswith(f"audio is read from the column {name!r} (1 rows fill it)")


@pytest.mark.parametrize(
    ("column", "name"),
    [
        *(("label", name) for name in ("class", "Category", "target", "LABEL")),
        *(("text", name) for name in ("sentence", "transcript", "transcription", "normalized_text")),
    ],
)
def test_names_of_the_target(column: str, name: str) -> None:
    (example,), account = read([{"audio": "a.wav", name: "x"}], column)
    assert example.target == "x"
    assert len(account.guesses) == 1


@pytest.mark.parametrize(
    ("name", "field", "value", "found"),
    [
        *(("speaker", "group", "anna", "anna"), ("client_id", "group", "c1", "c1"), ("spk", "group", 7.0, "7")),
        *(("subset", "split", "dev", "validation"), ("set", "split", "Train", "train")),
        *(("lang", "language", "de", "de"), ("locale", "language", "pt-BR", "pt-BR")),
        ("cv_fold", "fold", 3.0, "3"),
    ],
)
def test_names_of_what_is_optional(name: str, field: str, value: Any, found: str) -> None:
    (example,), account = read([{"audio": "a.wav", "label": "x", name: value}])
    assert getattr(example, field) == found
    assert account.origins[field] == f"column {name} (a guess)"
    (example,), account = read([{"audio": "a.wav", "label": "x", name: value}], columns={field: ""})
    assert getattr(example, field) in (None, "a.wav")
    assert (account.guesses, dict(account.columns_unread)) == ([], {name: 1})


def test_our_own_names_and_the_sweep_file_go_first() -> None:
    row = {"audio": "a.wav", "path": "b.wav", "label": "x", "class": "y", "group": "g", "speaker": "s"}
    (example,), account = read([row])
    assert (example.audio[0].path, example.target, example.group) == ("/nowhere/a.wav", "x", "g")
    assert dict(account.columns_unread) == {"path": 1, "class": 1, "speaker": 1}
    (example,), account = read([row], columns={"audio": "path", "label": "class", "group": "speaker"})
    assert (example.audio[0].path, example.target, example.group) == ("/nowhere/b.wav", "y", "s")
    assert not account.guesses


@pytest.mark.parametrize(
    ("names", "ours", "other"),
    [
        (("path", "filename"), "audio", {"label": "x"}),
        (("speaker", "client_id"), "group", {"audio": "a.wav", "label": "x"}),
        (("class", "category"), "label", {"audio": "a.wav"}),
        (("subset", "set"), "split", {"audio": "a.wav", "label": "x"}),
    ],
)
def test_two_that_compete(names: tuple[str, str], ours: str, other: dict[str, str]) -> None:
    mine, yours = names
    pairs = [("train", "train"), ("test", "train"), ("test", "test")]
    problem = refusal([{mine: a, yours: b, **other} for a, b in pairs])
    assert repr(mine) in problem
    assert repr(yours) in problem
    assert f"data.columns: {{{ours}: " in problem
    alike = [{mine: a, yours: a, **other} for a in ("train", "test")]
    assert len(read(alike)[1].guesses) == 1


def test_numbers_and_names_of_the_same_classes_are_no_contradiction() -> None:
    rows = [{"audio": f"{n}.wav", "category": "dog" if n % 2 else "cat", "target": n % 2} for n in range(4)]
    examples, account = read(rows)
    assert {example.target for example in examples} == {"dog", "cat"}
    assert dict(account.columns_unread) == {"target": 4}


def test_a_guess_never_refuses_what_it_does_not_understand() -> None:
    rows = [{"audio": "a.wav", "label": "x", "set": "clean", "channel": "BBC", "start": "2021-05-03", "offset": None}]
    (example,), account = read(rows)
    assert (example.split, example.audio[0].channel, example.start_seconds) == (None, None, 0.0)
    assert dict(account.columns_unread) == {"set": 1, "channel": 1, "start": 1}
    assert not account.left_out


def test_columns_that_are_missing_are_named_with_what_is_there() -> None:
    assert "its columns are sound, lable. Did you mean 'lable'?" in refusal([{"sound": "a.wav", "lable": "x"}])
    assert "has no column 'who'" in refusal([{"audio": "a.wav", "label": "x"}], group="who")


@pytest.mark.parametrize("ours", ["group", "split", "fold"])
def test_what_is_filled_in_part_is_refused(ours: str) -> None:
    rows = [{"audio": f"{n}.wav", "label": "x", ours: "train" if n else None} for n in range(4)]
    examples, account = read(rows)
    assert len(examples) == 3
    (row,) = account.left_out
    assert (row.where, row.problem) == (
        "row 1",
        f"the column {ours!r} is empty, and filled in 3 of 4 rows; fill it for all or for none.",
    )


def test_a_guess_that_is_filled_in_part_can_be_declined() -> None:
    rows = [{"audio": f"{n}.wav", "label": "x", "speaker": n or None} for n in range(4)]
    assert (
        read(rows)[1].left_out[0].problem.endswith('fill it for all or for none, or say `data.columns: {group: ""}`.')
    )
    assert len(read(rows, columns={"group": ""})[0]) == 4


def test_a_table_without_a_header_is_told_so() -> None:
    assert "Is its first row no header?" in refusal([{"c000": "c001", "dog": "cat"}])


def test_a_slip_among_the_splits_does_not_hide_the_column() -> None:
    rows = [{"audio": f"{n}.wav", "label": "x", "Split": ("Train", "test", "trian")[n]} for n in range(3)]
    examples, account = read(rows)
    assert [example.split for example in examples] == ["train", "test"]
    assert account.left_out[0].problem == (
        "Split is 'trian'; it may be train, validation, test; or say `data.columns: {split: \"\"}`."
    )
    assert len(read(rows, columns={"split": ""})[0]) == 3


def test_weights_are_read_where_they_are_numbers_and_that_is_said() -> None:
    examples, account = read([{"audio": "a.wav", "label": "x", "weight": "2.5"}, {"audio": "b.wav", "label": "x"}])
    assert [example.weight for example in examples] == [2.5, None]
    assert "'weight' (1 rows fill it) weighs the losses" in account.guesses[0]
    spelled, account = read([{"audio": "a.wav", "label": "x", "sample_weight": 2}])
    assert spelled[0].weight == 2.0
    other, account = read([{"audio": "a.wav", "label": "x", "weight": "heavy"}])
    assert other[0].weight is None
    assert account.columns_unread == {"weight": 1}
    below, account = read([{"audio": "a.wav", "label": "x", "weight": -1}])
    assert not below
    assert "weight must be a number of at least 0, is -1" in account.left_out[0].problem


def test_test_rows_need_no_fold() -> None:
    rows = [{"audio": f"{n}.wav", "label": "x", "fold": n or None, "split": "train" if n else "test"} for n in range(4)]
    assert [example.fold for example in read(rows)[0]] == [None, "1", "2", "3"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["train", "eval"], ["train", "test"]),
        (["train", "eval", "test"], ["train", "validation", "test"]),
        (["train", "held-out"], ["train", "test"]),
        (["train-clean-100", "TestSet"], ["train", "test"]),
    ],
)
def test_names_of_splits_are_understood_together(tmp_path: Path, written: list[str], meant: list[str]) -> None:
    lines = [f"{n}.wav,a,{split}" for n, split in enumerate(written)]
    (tmp_path / "clips.csv").write_text("\n".join(["audio,label,split", *lines]))
    reading = read_manifest(tmp_path / "clips.csv", Wanted("label", tmp_path / "cache"))
    assert [example.split for example in reading.examples] == meant
    assert any("is taken for the" in guess for guess in reading.account.guesses) == (written[1] != "TestSet")


@pytest.mark.parametrize("name", ["itemid", "Sound clip", "mp3_path", "fname", "call (wav)"])
def test_the_column_that_names_sound_is_taken_whatever_it_is_called(name: str) -> None:
    examples, account = read([{"n": n, name: f"{n}.mp3", "label": "x"} for n in range(3)])
    assert Path(examples[0].audio[0].path).name == "0.mp3"
    assert account.origins["audio"] == f"column {name} (a guess)"


def test_two_columns_of_sound_are_asked_and_addresses_are_none() -> None:
    rows = [{"dry": f"{n}.wav", "wet": f"w{n}.wav", "label": "x"} for n in range(3)]
    assert "'dry' and 'wet' may both be 'audio', and they differ" in refusal(rows)
    rows = [{"file": f"https://example.org/{n}", "file-name": f"{n}.wav", "label": "x"} for n in range(3)]
    assert read(rows)[1].origins["audio"] == "column file-name (a guess)"


@pytest.mark.parametrize("name", ["Usage", "phase", "train_test"])
def test_a_column_that_holds_splits_is_taken_whatever_it_is_called(name: str) -> None:
    splits = ("Training", "Training", "PublicTest")
    examples, account = read([{"audio": f"{n}.wav", "label": "x", name: split} for n, split in enumerate(splits)])
    assert [example.split for example in examples] == ["train", "train", "test"]
    assert account.origins["split"] == f"column {name} (a guess)"


@pytest.mark.parametrize("values", [("train", "train", "train"), ("train", "bus", "test"), ("train", "", "test")])
def test_a_column_that_holds_something_else_is_no_split(values: tuple[str, ...]) -> None:
    examples, _ = read([{"audio": f"{n}.wav", "label": "x", "kind": value} for n, value in enumerate(values)])
    assert {example.split for example in examples} == {None}


@pytest.mark.parametrize(
    ("column", "cells", "words"),
    [
        ("labels", {"dog": 1, "rain": 0}, "dog, rain hold 0 and 1: `data.columns: {labels: [dog, rain]}`"),
        ("label", {"dog": 1, "rain": 0}, "one 1 in each row"),
        ("label", {"dog": "1", "rain": "1.0"}, "`task: {kind: multilabel}`"),
        ("targets", {"calm": 0.5, "arousal": 2, "year": 3}, "`data.columns: {targets: [calm, arousal]}`"),
    ],
)
def test_columns_that_may_be_the_target_are_offered(column: str, cells: dict[str, Any], words: str) -> None:
    assert words in refusal([{"audio": "a.wav", **cells}], column)


@pytest.mark.parametrize("name", ["patient_id", "Session", "site", "Recording ID"])
def test_a_column_that_may_be_the_group_is_offered(name: str) -> None:
    rows = [{"audio": f"{n}.wav", "label": "x", name: f"p{n // 2}"} for n in range(8)]
    examples, account = read(rows)
    assert f"'{name}' (4 different in 8 rows) may say which clips belong together" in account.advice[0]
    assert len({example.group for example in examples}) == 8
    assert not read(rows, columns={"group": name})[1].advice


def test_a_fold_that_is_called_as_a_split() -> None:
    rows = [{"audio": f"{n}.wav", "label": "x", "fold": fold} for n, fold in enumerate((1, 2, "test", "test"))]
    assert "'test' (2 rows) in the column 'fold' is the name of a split" in read(rows)[1].advice[0]
    assert not read([row | {"split": "train"} for row in rows])[1].advice


@pytest.mark.parametrize("texts", [("a.txt", "b.txt"), ("text/a.lab", "text/b.lab")])
def test_texts_that_are_names_of_files(texts: tuple[str, str]) -> None:
    rows = [{"audio": f"{n}.wav", "text": text} for n, text in enumerate(texts)]
    assert "names files" in refusal(rows, "text")
    said = [{"audio": f"d{n}.wav", "text": "hello"} for n in range(3)]
    assert len(read([*rows, *said], "text")[0]) == 5  # whoever reads names of files aloud


def test_a_column_without_a_name_is_no_guess() -> None:
    """As pandas writes the numbers of rows."""
    with pytest.raises(InputError, match="has no column 'audio'"):
        read([{"": "a.wav", "label": "x"}])
