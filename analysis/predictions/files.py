"""Predictions from a plain file: one row an answer, with the columns

    example_id, target, output              required
    seed                                    several runs of one configuration in one file; whole numbers
    group, fold                             without `group` each example is its own
    score/CLASS, one per class              log-probabilities, logits or probabilities

as Parquet, CSV, JSON (a list of objects) or JSON lines; names that other programs give them are known
(`column_names`, `score_columns`). Numbers with a fraction, and lists of numbers, are regression; everything else is a
class label, or a text where the metric is wer or cer: in Unicode's composed form (NFC) and without outer spaces.
pyarrow loads when used.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from operator import ne
from pathlib import Path
from typing import Any

import numpy as np

from analysis.predictions.column_names import by_our_names
from analysis.predictions.csv_columns import csv_columns, in_utf8
from analysis.predictions.score_columns import with_scores
from trainables.errors import InputError
from trainables.records import NO_FOLD, SCORE_PREFIX, Predictions

NAMES = ("example_id", "group")  # whose cells may not be empty
ANSWERS = ("target", "output")
REQUIRED = ("example_id", *ANSWERS)
DIVIDED = (".csv", ".tsv")
SUFFIXES = (".parquet", *DIVIDED, ".json", ".jsonl")
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Answers:
    """What a file holds."""

    runs: dict[int, Predictions]  # seed -> predictions; seed 0 where the file names none
    seeded: bool  # whether it names its seeds
    notes: tuple[str, ...] = ()  # what was guessed or changed, with a count


def read_file(path: Path) -> Answers:
    """Raises InputError: no such file, another format, not readable, a required column missing or twice, no rows, a
    seed that is no whole number, targets or outputs partly numbers and partly not."""
    return _answers_of(path.name, read_columns(path))


def read_parts(paths: Sequence[Path]) -> Answers:
    """As `read_file`, of a file whose rows stand in several. Raises InputError also where their columns differ."""
    parts = [read_columns(path) for path in paths]
    problems = [
        f"{path.name} has the columns {', '.join(part)}, and {paths[0].name} has {', '.join(parts[0])}: parts of one "
        "file need the same columns."
        for path, part in zip(paths, parts, strict=True)
        if set(part) != set(parts[0])
    ]
    if problems:
        raise InputError(problems)
    columns = {name: [value for part in parts for value in part[name]] for name in parts[0]}
    return _answers_of(",".join(path.name for path in paths), columns)


def _answers_of(file: str, found: Columns) -> Answers:
    columns, notes = by_our_names(file, found)
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise InputError(
            f"{file}: column {', '.join(missing)} is missing; it needs {', '.join(REQUIRED)}, it has "
            f"{', '.join(map(repr, found)) or 'none'}."
        )
    if not columns["example_id"]:
        raise InputError(f"{file}: it has no rows.")
    changed = 0
    for name in (*NAMES, *ANSWERS):
        if name in columns:
            columns[name], count = _composed(columns[name])
            changed += count * (name in ANSWERS)
    if changed:
        notes.append(
            f"{file}: {changed} targets and outputs were brought to Unicode's composed form (NFC) and freed of outer "
            "spaces, so that equal labels are equal."
        )
    if unnamed := [problem for name in NAMES if (problem := _unnamed(file, name, columns)) is not None]:
        raise InputError(unnamed)
    columns["target"], columns["output"] = _answers(file, columns["target"], columns["output"])
    columns, said = with_scores(file, columns)
    notes += said
    every = range(len(columns["example_id"]))
    if "seed" not in columns:
        return Answers({0: _predictions(file, columns, every)}, seeded=False, notes=tuple(notes))
    seeds = [_seed(file, value) for value in columns["seed"]]
    runs = {
        seed: _predictions(file, columns, [row for row, own in enumerate(seeds) if own == seed])
        for seed in dict.fromkeys(seeds)
    }
    return Answers(runs, seeded=True, notes=tuple(notes))


def _composed(values: list[Any]) -> tuple[list[Any], int]:
    """The texts in composed Unicode (NFC) and without outer spaces, and how many changed by it."""
    if set(map(type, values)) == {str}:
        composed = list(map(str.strip, values))
        if not all(map(str.isascii, composed)):
            composed = list(map(_spelled, composed))
        return composed, sum(map(ne, values, composed))
    composed = [_spelled(value) if isinstance(value, str) else value for value in values]
    changed = (isinstance(before, str) and before != now for before, now in zip(values, composed, strict=True))
    return composed, sum(changed)


def _spelled(text: str) -> str:
    return text.strip() if text.isascii() else unicodedata.normalize("NFC", text.strip())


def _unnamed(file: str, name: str, columns: Columns) -> str | None:
    values = columns.get(name, [])
    count = values.count("") if set(map(type, values)) <= {str} else sum(map(_missing, values))
    if not count:
        return None
    return f"{file}: {name} is empty in {count} of {len(values)} rows; name every one" + (
        ", or leave the column out: then each example is a group of its own." if name == "group" else "."
    )


def read_columns(path: Path) -> Columns:
    """Column -> values, as the file has them; CSV cells are texts. Raises InputError."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path.name}: predictions are read from {', '.join(SUFFIXES)}, not {path.suffix or 'this'}.")
    if not path.is_file():
        raise InputError(f"{path}: there is no such file.")
    try:
        if path.suffix.lower() == ".parquet":
            import pyarrow.parquet as pq

            table = pq.read_table(path)
            return {name: table[name].to_pylist() for name in table.column_names}
        if path.suffix.lower() in DIVIDED:
            return dict(csv_columns(path))
        text = in_utf8(path.read_bytes()).decode()
        rows = json.loads(text) if path.suffix.lower() == ".json" else _json_lines(text)
    except Exception as error:  # pyarrow, csv, json and the file system have no error in common
        reason = (str(error).splitlines() or [repr(error)])[0]
        raise InputError(f"{path.name}: it cannot be read ({reason}).") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path.name}: needs a list of objects, one per answer.")
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}


def _json_lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _predictions(name: str, columns: Columns, rows: Sequence[int]) -> Predictions:
    def pick(column: str) -> list[Any]:
        values = columns[column]
        return values if len(rows) == len(values) else [values[row] for row in rows]

    ids = list(map(str, pick("example_id")))
    score_names = [column for column in columns if column.startswith(SCORE_PREFIX)]
    scores = None
    if score_names:
        try:
            scores = np.array([[float(columns[column][row]) for column in score_names] for row in rows])
        except (TypeError, ValueError) as error:
            raise InputError(f"{name}: a score is no number ({error}).") from error
    return Predictions(
        example_ids=ids,
        groups=list(map(str, pick("group"))) if "group" in columns else ids,
        folds=[str(value) for value in pick("fold")] if "fold" in columns else [NO_FOLD] * len(ids),
        targets=pick("target"),
        outputs=pick("output"),
        scores=scores,
        classes=tuple(_spelled(column.removeprefix(SCORE_PREFIX)) for column in score_names),
    )


def _answers(name: str, targets: list[Any], outputs: list[Any]) -> tuple[list[Any], list[Any]]:
    """Both as numbers (or lists of numbers), or both as texts; what is missing stays None."""
    texts = set(map(type, targets)) | set(map(type, outputs)) <= {str}
    if texts and (numbers := _all_numbers(targets, outputs)) is not None:
        return numbers if any(map(_fraction, (*targets, *outputs))) else (targets, outputs)
    known = [value for value in (*targets, *outputs) if value] if texts else []
    if not texts:
        known = [value for value in (*targets, *outputs) if not _missing(value)]
        if any(isinstance(value, list | tuple | np.ndarray) for value in known):
            return _lists(name, targets), _lists(name, outputs)
    if known and all(_number(value) is not None for value in known) and any(map(_fraction, known)):
        return list(map(_float, targets)), list(map(_float, outputs))
    if known and all(isinstance(value, str) and DECIMAL_COMMA.fullmatch(value) for value in known):
        raise InputError(f"{name}: targets and outputs have decimal commas ({known[0]}); write decimal points.")
    return (targets, outputs) if texts else (list(map(_text, targets)), list(map(_text, outputs)))


def _all_numbers(targets: list[str], outputs: list[str]) -> tuple[list[float], list[float]] | None:
    """None where one of the texts is no number, or missing."""
    try:
        return list(map(float, targets)), list(map(float, outputs))
    except ValueError:
        return None


def _lists(name: str, values: list[Any]) -> list[Any]:
    try:
        table = [np.atleast_1d(np.asarray(value, dtype=float)) for value in values]
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: some answers are lists of numbers and others are not ({error}).") from error
    if len({len(row) for row in table}) > 1:
        raise InputError(f"{name}: lists of numbers have different lengths: {sorted({len(row) for row in table})}.")
    return table


def _missing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _fraction(value: Any) -> bool:
    """Whether it is written as a number that is not whole: 0.5 and 1.0, not 1."""
    return isinstance(value, float | Decimal) or (isinstance(value, str) and not value.strip().lstrip("+-").isdigit())


def _float(value: Any) -> float:
    number = _number(value)
    return math.nan if number is None else number


def _text(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return str(value)


def _seed(name: str, value: Any) -> int:
    number = _number(value)
    if number is None or not number.is_integer():
        raise InputError(f"{name}: seed {value!r} is no whole number.")
    return int(number)


def labelled(predictions: Mapping[int, Predictions], classes: tuple[str, ...]) -> dict[int, Predictions]:
    """The same with these classes, score columns in their order; an empty label is a missing one."""
    found = {}
    for seed, run in predictions.items():
        scores = None
        if run.scores is not None and set(run.classes) == set(classes):
            scores = run.scores[:, [run.classes.index(name) for name in classes]]
        targets, outputs = ([None if value == "" else value for value in side] for side in (run.targets, run.outputs))
        found[seed] = replace(run, targets=targets, outputs=outputs, scores=scores, classes=classes)
    return found


def whole_as_labels(predictions: Mapping[int, Predictions]) -> dict[int, Predictions]:
    """The same with numbers that are all whole, such as 1.0 and 0.0, read as the labels `1` and `0`."""
    found = {}
    for seed, run in predictions.items():
        answers = (*run.targets, *run.outputs)
        if all(isinstance(value, float) and value.is_integer() for value in answers):
            targets, outputs = ([str(int(value)) for value in side] for side in (run.targets, run.outputs))
            run = replace(run, targets=targets, outputs=outputs)
        found[seed] = run
    return found


def numeric(predictions: Mapping[int, Predictions]) -> dict[int, Predictions]:
    """The same with texts that are whole numbers read as numbers, where all of them are; what is missing is nan."""
    found = {}
    for seed, run in predictions.items():
        answers = (*run.targets, *run.outputs)
        if all(isinstance(value, str) or value is None for value in answers) and all(
            _missing(value) or _number(value) is not None for value in answers
        ):
            run = replace(run, targets=list(map(_float, run.targets)), outputs=list(map(_float, run.outputs)))
        found[seed] = run
    return found
