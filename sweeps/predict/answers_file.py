"""Answers on their way to a file: CSV and JSON lines row by row, so that a run goes on; Parquet whole."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from trainables.errors import InputError

SUFFIXES = (".csv", ".jsonl", ".parquet")
Place = tuple[str, float, float | None]  # path, start, seconds: what tells one clip from another


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


@dataclass
class AnswersFile:
    """`with AnswersFile(path, labels, ratings) as file: file.write(answer)`; without a path CSV on the standard output.

    A Parquet file appears whole or not at all. Raises InputError: another ending, a file that is not its own.
    """

    path: Path | None
    labels: Sequence[str]  # each has a probability
    ratings: Sequence[str] = ()
    done: set[Place] = field(default_factory=set)  # answered by an earlier run into this file

    def __post_init__(self) -> None:
        self.columns = ["path", "start_seconds", "seconds", "heard_seconds", "answer"]
        self.columns += [f"probability/{label}" for label in self.labels]
        self.columns += [f"rating/{name}" for name in self.ratings]
        if self.path is not None and self.path.suffix.lower() not in SUFFIXES:
            raise InputError(f"--output: {str(self.path)!r} must end in {', '.join(SUFFIXES)}.")
        if self.path is not None and self.path.exists():
            self._take_up(self.path)

    def __enter__(self) -> AnswersFile:
        self._rows: list[dict[str, Any]] = []  # of a Parquet file
        self._stream: TextIO | None = None
        if self.path is None:
            self._stream = sys.stdout
        elif self.path.suffix.lower() != ".parquet":
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self.path.open("a", encoding="utf-8", newline="")
        if self._stream is not None and not self.done and not self._is_json:
            csv.writer(self._stream).writerow(self.columns)
        return self

    def write(self, answer: Answer) -> None:
        row = self.row(answer)
        if self._stream is None:
            self._rows.append(row)
        elif self._is_json:
            self._stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        else:
            csv.writer(self._stream).writerow(["" if value is None else value for value in row.values()])
        if self._stream is not None:
            self._stream.flush()

    def row(self, answer: Answer) -> dict[str, Any]:
        heard = round(answer.heard_seconds, 4)
        values = [answer.path, answer.start_seconds, answer.seconds, heard, answer.answer]
        values += [round(answer.probabilities[label], 6) for label in self.labels]
        values += [round(answer.ratings[name], 6) for name in self.ratings]
        return dict(zip(self.columns, values, strict=True))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._stream is not None and self._stream is not sys.stdout:
            self._stream.close()
        elif self.path is not None and kind is None:
            import pyarrow as pa
            import pyarrow.parquet as pq

            part = self.path.with_name(f".{self.path.name}.part")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(self._rows), part)
            part.replace(self.path)

    @property
    def _is_json(self) -> bool:
        return self.path is not None and self.path.suffix.lower() == ".jsonl"

    def _take_up(self, path: Path) -> None:
        """Whole rows of an earlier run stay; half a last line is cut off."""
        if path.suffix.lower() == ".parquet":
            raise InputError(f"--output: {str(path)!r} is there already; remove it, or give another name.")
        try:
            text = path.read_bytes().decode("utf-8")  # line ends as they are
        except UnicodeDecodeError:
            text = "\0\n"
        whole = text[: text.rfind("\n") + 1]
        try:
            rows = list(_json_rows(whole) if self._is_json else _csv_rows(whole, self.columns))
            self.done = {(str(row["path"]), float(row["start_seconds"]), _number(row["seconds"])) for row in rows}
        except (KeyError, ValueError, TypeError):
            raise InputError(
                f"--output: {str(path)!r} is there already and holds no answers of this model; give another name."
            ) from None
        if len(whole) != len(text) or not rows:
            path.write_bytes(whole.encode() if rows else b"")


def _json_rows(text: str) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in text.splitlines())


def _csv_rows(text: str, columns: Sequence[str]) -> Iterable[dict[str, Any]]:
    reader = csv.DictReader(StringIO(text, newline=""))
    if text and list(reader.fieldnames or ()) != list(columns):
        raise ValueError("another header")
    return reader


def _number(value: Any) -> float | None:
    return None if value in (None, "") else float(value)
