"""Answers on their way to a file, row by row, so that a run goes on: CSV, JSON lines, and Parquet by way of these."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from trainables.errors import InputError

CSV, JSON_LINES, PARQUET = ".csv", ".jsonl", ".parquet"
SUFFIXES = (CSV, JSON_LINES, PARQUET)
QUESTION = "question"
ROWS_AT_ONCE = 10_000  # on their way into a Parquet file
Place = tuple[Any, ...]  # path, start, seconds, and of a model that is asked the question: what tells clips apart


@dataclass(frozen=True)
class Answer:
    """To one clip."""

    path: str
    start_seconds: float
    seconds: float | None  # of what was asked for; None: to the end
    heard_seconds: float  # the backbone's window may be shorter
    answer: str  # the label, the labels with ; between, the ratings as a list, or the text; empty where it was not read
    probabilities: Mapping[str, float]  # by class or label; empty for texts and ratings
    problem: str = ""  # why it could not be read
    ratings: Mapping[str, float] = field(default_factory=dict)  # by name
    question: str = ""  # what was asked, where each clip may be asked something else


@dataclass
class AnswersFile:
    """`with AnswersFile(path, model, labels, ratings) as file: file.write(answer)`; without a path CSV on the standard
    output.

    A Parquet file appears whole or not at all; until then its rows stand beside it as JSON lines. Raises InputError:
    another ending, a file that is not its own, or the answers of another model.
    """

    path: Path | None
    model: str  # which one answers; in every row
    labels: Sequence[str]  # each has a probability
    ratings: Sequence[str] = ()
    asks: bool = False  # each clip may be asked something else, which then stands in its row
    done: set[Place] = field(default_factory=set)  # answered by an earlier run into this file

    def __post_init__(self) -> None:
        self.columns = ["path", "start_seconds", "end_seconds", "seconds", "answer"]
        self.columns += [f"probability/{label}" for label in self.labels]
        self.columns += [f"rating/{name}" for name in self.ratings]
        self.columns += [QUESTION] if self.asks else []
        self.columns.append("model")
        if self.path is None:
            return
        suffix = self.path.suffix.lower()
        if suffix not in SUFFIXES:
            raise InputError(f"--output: {str(self.path)!r} must end in {', '.join(SUFFIXES)}.")
        if suffix == PARQUET and self.path.exists():
            raise InputError(f"--output: {str(self.path)!r} is there already; remove it, or give another name.")
        if self._rows_at(self.path).exists():
            self._take_up(self._rows_at(self.path))

    def __enter__(self) -> AnswersFile:
        self._stream: TextIO = sys.stdout
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self._rows_at(self.path).open("a", encoding="utf-8", newline="")
        if not self.done and not self._is_json:
            csv.writer(self._stream).writerow(self.columns)
        return self

    def write(self, answer: Answer) -> None:
        row = self.row(answer)
        if self._is_json:
            self._stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        else:
            csv.writer(self._stream).writerow(["" if value is None else value for value in row.values()])
        self._stream.flush()

    def row(self, answer: Answer) -> dict[str, Any]:
        end = round(answer.start_seconds + answer.heard_seconds, 4)
        values = [answer.path, answer.start_seconds, end, answer.seconds, answer.answer]
        values += [round(answer.probabilities[label], 6) for label in self.labels]
        values += [round(answer.ratings[name], 6) for name in self.ratings]
        values += [answer.question] if self.asks else []
        values.append(self.model)
        return dict(zip(self.columns, values, strict=True))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.path is None:
            return
        self._stream.close()
        if kind is None and self.path.suffix.lower() == PARQUET:
            self._as_parquet(self.path)

    @property
    def _is_json(self) -> bool:
        return self.path is not None and self.path.suffix.lower() != CSV

    def _rows_at(self, path: Path) -> Path:
        """Where rows are written as they come."""
        return path.with_name(f".{path.name}.part.jsonl") if path.suffix.lower() == PARQUET else path

    def _as_parquet(self, path: Path) -> None:
        """So many rows at a time: the memory does not grow with them."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        texts = ("path", "answer", QUESTION, "model")
        schema = pa.schema([(name, pa.string() if name in texts else pa.float64()) for name in self.columns])
        part = path.with_name(f".{path.name}.part")
        with self._rows_at(path).open(encoding="utf-8") as lines, pq.ParquetWriter(part, schema) as file:
            while rows := [json.loads(line) for line in islice(lines, ROWS_AT_ONCE)]:
                file.write_table(pa.Table.from_pylist(rows, schema))
        part.replace(path)
        self._rows_at(path).unlink()

    def _take_up(self, path: Path) -> None:
        """Whole rows of an earlier run stay; half a last line is cut off."""
        try:
            text = path.read_bytes().decode("utf-8")  # line ends as they are
        except UnicodeDecodeError:
            text = "\0\n"
        whole = text[: text.rfind("\n") + 1]
        try:
            rows = list(_json_rows(whole) if self._is_json else _csv_rows(whole))
            if any(list(row.keys()) != self.columns for row in rows):
                raise ValueError("other columns")
            if not rows and not (self._beginning.startswith(text) or text.startswith(self._beginning)):
                raise ValueError("somebody else's")
            asked = [[str(row[QUESTION])] if self.asks else [] for row in rows]
            self.done = {
                (str(row["path"]), float(row["start_seconds"]), _number(row["seconds"]), *question)
                for row, question in zip(rows, asked, strict=True)
            }
        except (KeyError, ValueError, TypeError, AttributeError):
            raise InputError(
                f"--output: {str(path)!r} is there already and holds no answers of this model; give another name."
            ) from None
        if others := sorted({str(row["model"]) for row in rows} - {self.model}):
            raise InputError(
                f"--output: {str(path)!r} is there already and holds the answers of {others[0]}, not of {self.model}; "
                "give another name."
            )
        if len(whole) != len(text) or not rows:
            path.write_bytes(whole.encode() if rows else b"")

    @property
    def _beginning(self) -> str:
        """Of every file of its own."""
        if self._is_json:
            return f'{{"{self.columns[0]}": '
        header = StringIO()
        csv.writer(header).writerow(self.columns)
        return header.getvalue()


def _json_rows(text: str) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in text.splitlines())


def _csv_rows(text: str) -> Iterator[dict[str, Any]]:
    return csv.DictReader(StringIO(text, newline=""))


def _number(value: Any) -> float | None:
    return None if value in (None, "") else float(value)
