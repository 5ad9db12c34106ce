"""Rows of columns as examples."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainables.data.examples import SPLITS, AudioPiece, Example
from trainables.data.reading import Account, Wanted
from trainables.data.split_names import split_name, split_names
from trainables.data.tables.channels import channel_mark, channel_of
from trainables.data.tables.columns import Columns, columns_of
from trainables.data.tables.contents import refuse_paths
from trainables.data.tables.equal_numbers import with_equal_numbers
from trainables.data.tables.label_lists import SEVERAL, labels_of, refuse_places
from trainables.data.tables.places import located, paths_begin
from trainables.data.tables.ratings import ratings_of, uneven
from trainables.data.tables.repeats import without_repeats
from trainables.data.tables.spellings import QUESTION
from trainables.data.tables.stretches import stretch
from trainables.data.tables.table import Row
from trainables.data.tables.values import BadCell, filled, kind, name_of, number, number_problem, shown, text_of
from trainables.errors import InputError

MOST_KEPT = 1 << 14  # files and names that were read last, since the next row may have the same


def examples_of(
    path: Path, rows: list[Row], home: Path, wanted: Wanted, account: Account, prefix: str = ""
) -> list[Example]:
    """Rows that any reader has brought into columns, as examples; `path` is what they were read from, relative audio
    paths begin at `home`, and what is left out goes to `account`. The list `rows` is emptied: of a million rows it is
    the largest thing there is. Raises InputError: as `read_manifest`."""
    columns = columns_of(path, [row for _, row in rows], wanted, account)
    home = paths_begin(path, home, rows, columns.names["audio"], wanted, account)
    if home not in account.audio_homes:
        account.audio_homes.append(home)
    splits = _split_column([row for _, row in rows], columns, account)
    placed: list[tuple[str, Example]] = []
    first: dict[str, str] = {}  # kind of problem -> the sentence about the first of it
    half = half_filled([row for _, row in rows], columns)
    mixed, all_booleans = _booleans(rows, columns) if wanted.column == "label" else (False, False)
    if all_booleans:
        account.guesses.append(f"The column {columns.names['label']!r} holds booleans: its classes are True and False.")
    if wanted.column == "text":
        refuse_paths(path, columns.names["text"], (columns.value(row, "text") for _, row in rows))
    if wanted.column == "labels":
        refuse_places(columns.names["labels"], (columns.value(row, "labels") for _, row in rows))
    read = _RowReader(home, wanted, columns, splits, prefix)
    rows.reverse()
    while rows:
        where, row = rows.pop()
        try:
            example = read.example(row)
            if half or mixed:
                _refuse_odd(row, columns, half, mixed)
            placed.append((where, example))
        except BadCell as error:
            account.leave_out(where, first.setdefault(error.kind, error.problems[0]))
        except InputError as error:
            account.leave_out(where, " ".join(error.problems))
    if wanted.column == "targets" and (odd := uneven([len(example.target) for _, example in placed])):
        for where in (where for where, example in placed if len(example.target) != odd[0]):
            account.leave_out(where, odd[1])
        placed = [(where, example) for where, example in placed if len(example.target) == odd[0]]
    fields = [*(["target"] if wanted.column == "label" else []), "group", "fold"]
    examples = with_equal_numbers([example for _, example in placed], fields, account)
    examples = located(examples, home, account, moved=wanted.audio_folder is not None)
    if "id" in columns.names:
        return examples
    places = (where for where, _ in placed)
    kept = without_repeats(list(zip(places, examples, strict=True)), account, grouped="group" in columns.names)
    return _told_apart([example for _, example in kept])


def half_filled(rows: Sequence[Mapping[str, Any]], columns: Columns) -> dict[str, str]:
    """Our name -> what is wrong with a row that lacks it, of columns that must be filled for all rows or for none.
    Only what is trained on needs a fold."""
    found = {}
    for ours in ("group", "split", "fold"):
        needing = [row for row in rows if ours != "fold" or not _is_test(row, columns)]
        filled = sum(columns.value(row, ours) is not None for row in needing)
        if ours in columns.names and 0 < filled < len(needing):
            otherwise = "" if columns.names[ours] == ours else f' or say `data.columns: {{{ours}: ""}}`'
            found[ours] = (
                f"the column {columns.names[ours]!r} is empty, and filled in {filled} of {len(needing)} rows; fill it "
                f"for all or for none{',' * bool(otherwise)}{otherwise}."
            )
    return found


def _is_test(row: Mapping[str, Any], columns: Columns) -> bool:
    written = columns.value(row, "split")
    return isinstance(written, str) and split_name(written) == "test"


def _refuse_odd(row: Mapping[str, Any], columns: Columns, half: Mapping[str, str], mixed: bool) -> None:
    for ours, problem in half.items():
        if columns.value(row, ours) is None and not (ours == "fold" and _is_test(row, columns)):
            raise InputError(problem)
    if mixed and isinstance(value := columns.value(row, "label"), bool):
        name, shown_as = columns.names["label"], str(value).lower()
        problem = f"{name} is {shown_as}, a boolean, and other rows have texts or numbers; write those."
        raise BadCell(problem, "booleans")


def _booleans(rows: Sequence[Row], columns: Columns) -> tuple[bool, bool]:
    """Whether some labels are booleans and others not, and whether all are, with a true one among them."""
    name = columns.names.get("label", "")
    kinds = {type(label) for _, row in rows if (label := row.get(name)) is not None and filled(label) is not None}
    return bool in kinds and len(kinds) > 1, kinds == {bool} and any(row.get(name) is True for _, row in rows)


class _RowReader:
    """Makes an example of a row. Files and names that many rows share are kept once."""

    def __init__(self, home: Path, wanted: Wanted, columns: Columns, splits: Mapping[str, str], prefix: str) -> None:
        self._home, self._prefix, self._separator = home, prefix, wanted.separator
        self._column, self._columns, self._splits = wanted.column, columns, splits
        self._named = [ours for ours in ("id", "group", "fold", "language") if ours in columns.names]
        self._pieces: dict[tuple[str, int | None], tuple[AudioPiece, str]] = {}
        self._names: dict[str, str] = {}

    def example(self, row: Mapping[str, Any]) -> Example:
        """Raises InputError with every problem of the row, without its place."""
        column, columns = self._column, self._columns
        audio, target = columns.value(row, "audio"), columns.value(row, column)
        # an empty text or list: nothing is said, or heard
        silent = column in ("text", "labels") and isinstance(row.get(columns.names[column]), str | list)
        if audio is None or (target is None and not silent):
            empty = [ours for ours, value in (("audio", audio), (column, target)) if value is None]
            empty = [ours for ours in empty if ours == "audio" or not silent]
            raise InputError([f"the column {columns.names[ours]!r} is empty." for ours in empty])
        channel = channel_of(columns.value(row, "channel")) if "channel" in columns.names else None
        pieces = [self._piece(entry, channel) for entry in (audio if isinstance(audio, list) else [audio])]
        if len(pieces) == 1:
            files = self._prefix + pieces[0][1]
        else:
            files = "+".join(dict.fromkeys(self._prefix + written for _, written in pieces))
        start, seconds = stretch(row, columns.times)
        names = {ours: self._name(row, ours) for ours in self._named}
        return Example(
            id=names.get("id") or files,
            audio=tuple([piece for piece, _ in pieces]),
            group=names.get("group") or files,
            target=_target(columns.names[column], column, target, self._separator)
            if column == "text"
            else self._kept(_target(columns.names[column], column, target, self._separator)),
            split=_split(columns, row, self._splits) if "split" in columns.names else None,
            fold=names.get("fold"),
            lowpass_hz=_number(columns.names["lowpass_hz"], columns.value(row, "lowpass_hz"))
            if "lowpass_hz" in columns.names
            else None,
            start_seconds=start,
            seconds=seconds,
            language=names.get("language"),
            weight=_number(columns.names["weight"], columns.value(row, "weight"))
            if "weight" in columns.names
            else None,
            question=self._question(row),
        )

    def _question(self, row: Mapping[str, Any]) -> str | None:
        if QUESTION not in self._columns.names:
            return None
        value = self._columns.value(row, QUESTION)
        return None if value is None else self._kept(text_of(self._columns.names[QUESTION], value))

    def _name(self, row: Mapping[str, Any], ours: str) -> str | None:
        found = _name(row, self._columns, ours)
        return found if found is None or ours == "id" else self._kept(found)

    def _kept(self, value: Any) -> Any:
        if type(value) is not str:
            return value
        if len(self._names) >= MOST_KEPT:
            self._names.clear()
        return self._names.setdefault(value, value)

    def _piece(self, entry: Any, channel: int | None) -> tuple[AudioPiece, str]:
        if not isinstance(entry, str):
            return _piece(entry, self._home, channel)
        found = self._pieces.get((entry, channel))
        if found is None:
            if len(self._pieces) >= MOST_KEPT:
                self._pieces.clear()
            found = _piece(entry, self._home, channel)
            self._pieces[entry, channel] = found
        return found


def _name(row: Mapping[str, Any], columns: Columns, ours: str) -> str | None:
    value = columns.value(row, ours)
    return None if value is None else name_of(columns.names[ours], value)


def _split_column(rows: Sequence[Mapping[str, Any]], columns: Columns, account: Account) -> Mapping[str, str]:
    """What the names in the column of splits mean together; what is guessed is said.

    Raises InputError: as `split_names`."""
    if "split" not in columns.names:
        return {}
    written = (columns.value(row, "split") for row in rows)
    found = split_names({value.strip() for value in written if isinstance(value, str)})
    account.guesses += [f"{sentence}." for sentence in found.said]
    return found.of


def _split(columns: Columns, row: Mapping[str, Any], splits: Mapping[str, str]) -> str | None:
    written = _name(row, columns, "split")
    if written is None:
        return None
    if written not in splits:
        column = columns.names["split"]
        otherwise = "" if column == "split" else '; or say `data.columns: {split: ""}`'
        raise InputError(f"{column} is {written!r}; it may be {', '.join(SPLITS)}{otherwise}.")
    return splits[written]


def _piece(entry: Any, home: Path, channel: int | None) -> tuple[AudioPiece, str]:
    """The piece, and its path as written."""
    values = {"path": entry} if isinstance(entry, str) else entry
    if not isinstance(values, Mapping) or not isinstance(values.get("path"), str) or not values["path"].strip():
        raise BadCell(f"audio must be a path or a list of paths, is {shown(entry)}.", f"audio {kind(entry)}")
    written = values["path"].strip()
    if scheme := re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", written):
        what = "write the path alone" if scheme[1].lower() == "file" else "download the files, and name those"
        raise InputError(f"audio is an address ({scheme[0]}...), and nothing is fetched from it: {what}.")
    start = _number("audio.start_seconds", values.get("start_seconds"))
    expanded = os.path.expanduser(written) if written[0] == "~" and "\0" not in written else written
    if written[0] == "~" and written.split("/")[0] == expanded.split("/")[0] and not os.path.lexists(home / written):
        raise InputError(f"audio is {written[:60]!r}, and there is no such user.")
    # no resolving of links: hub caches link to files that have no suffix
    path = os.path.abspath(os.path.join(home, expanded))
    piece = AudioPiece(path, start or 0.0, _number("audio.seconds", values.get("seconds")), channel)
    return piece, str(values.get("written", written))


def _number(name: str, value: Any) -> float | None:
    if value is None:
        return None
    found = number(value)
    if found is None or found < 0:
        raise number_problem(name, value)
    return found


def _target(name: str, column: str, value: Any, separator: str | None) -> Any:
    if column == "targets":
        return ratings_of(name, value)
    if column == "labels":
        return labels_of(name, value, separator)
    if isinstance(value, list | tuple) and column == "label":
        problem = f"{name} is a list ({shown(value)}): a class is one text. {SEVERAL}"
        raise BadCell(problem, "a list of labels")
    if value is None:
        return ""
    return text_of(name, value) if column == "text" else name_of(name, value)


def _told_apart(examples: Sequence[Example]) -> list[Example]:
    """Clips that share an id because they share a file are told apart by start and channel, then by their length; those
    that are one stretch, and are asked several questions, are numbered."""
    told = _numbered(examples)
    for name in (_by_start, _by_length):
        uses = Counter(example.id for example in told)
        for index, example in enumerate(told):
            if uses[example.id] > 1:
                told[index] = replace(example, id=name(example))
    return told


def _numbered(examples: Sequence[Example]) -> list[Example]:
    stretches = [(example.id, example.audio, example.start_seconds, example.seconds) for example in examples]
    times, seen, told = Counter(stretches), Counter[object](), []
    for example, heard in zip(examples, stretches, strict=True):
        seen[heard] += 1
        asked = example.question is not None and times[heard] > 1
        told.append(replace(example, id=f"{example.id}#{seen[heard]}") if asked else example)
    return told


def _by_start(example: Example) -> str:
    return f"{example.id}@{example.start_seconds:g}{channel_mark(example.audio[0])}"


def _by_length(example: Example) -> str:
    return example.id if example.seconds is None else f"{example.id}+{example.seconds:g}"
