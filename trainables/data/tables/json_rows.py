"""Rows of JSON: an object a line (or several objects one after the other), one array of objects, or one object that
holds the rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from sys import intern
from typing import Any

from trainables.data.sound.endings import is_sound
from trainables.data.split_names import are_splits, split_names
from trainables.data.tables.spellings import meaning
from trainables.data.tables.table import Table
from trainables.errors import InputError


def is_json(text: str, *, hinted: bool) -> bool:
    """Whether a file holds JSON; `hinted` by its name, a line that is broken may stand above the first object."""
    return text.lstrip()[:1] in ("{", "[") or (hinted and any(line[:1] in ("{", "[") for line in text.split("\n")))


def json_rows(name: str, text: str) -> Table:
    """`name` is the file's. Raises InputError: no JSON of rows. A line of many that is broken is a broken row."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if len(lines) > 1 and (isinstance(_value(lines[0][1]), dict) or all(map(_looks_whole, lines[:2]))):
        return _lines(name, lines)
    whole = _value(text)
    if isinstance(whole, str):
        values = list(_one_after_the_other(text))
        if len(values) > 1 and all(isinstance(value, dict) for value in values):
            return _numbered(name, values, Table(form="JSON objects one after the other"))
        if len(lines) > 1 and _bad_lines(lines) < len(lines):  # the first line is one of the broken ones
            return _lines(name, lines)
        if len(lines) > 1 and all(isinstance(_value(line.rstrip().rstrip(",")), dict) for _, line in lines):
            raise InputError(f"{name}: has lines that end with a comma, which JSON lines do not; remove these commas.")
        raise InputError(f"{name}: {whole}")
    if not isinstance(whole, list | dict):
        raise InputError(f"{name}: is {_kind(whole)} in JSON; objects with the columns as keys are wanted.")
    if isinstance(whole, list):
        return _numbered(name, whole, Table(form="one JSON array"))
    if len(lines) == 1 and name.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson")):
        return _lines(name, lines)  # of one row, whose values may be lists of objects
    return _of_object(name, whole)


def _looks_whole(line: tuple[int, str]) -> bool:
    text = line[1].strip()
    return len(text) > 2 and text[0] == "{" and text[-1] == "}"


def _lines(name: str, lines: list[tuple[int, str]]) -> Table:
    table = Table(form="JSON lines")
    for number, line in lines:
        _add(table, f"{name} line {number}", _value(line))
    return table


def _bad_lines(lines: list[tuple[int, str]]) -> int:
    return sum(not isinstance(_value(line), dict) for _, line in lines)


def _numbered(name: str, values: list[Any], table: Table) -> Table:
    for number, value in enumerate(values, start=1):
        _add(table, f"{name} entry {number}", value)
    if values and not table.rows:
        first = _kind(values[0])
        raise InputError(
            f"{name}: is a JSON list that begins with {first}; objects with the columns as keys are wanted."
        )
    return table


def _add(table: Table, where: str, value: Any) -> None:
    """`value` as `_value` gives it: a text is what is wrong with it."""
    if isinstance(value, dict):
        table.rows.append((where, value))
    elif isinstance(value, str):
        table.broken.append((where, value))
    else:
        table.broken.append((where, f"must be a JSON object with the columns as keys, is {_kind(value)}."))


def _are_files(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) and is_sound(one) for one in value)


def _of_files(name: str, whole: dict[str, list[str]]) -> Table:
    """`{"dog": ["1.wav"], "cat": ["2.wav"]}`. Raises InputError: the keys are splits, and nothing is a label."""
    if are_splits(list(whole)):
        raise InputError(
            f"{name}: holds the files of each split, and no labels: write a list of objects such as "
            '{"audio": "a.wav", "label": "dog", "split": "train"}.'
        )
    rows = [{"audio": file, "label": label} for label, files in whole.items() for file in files]
    table = Table(form="one JSON object with the files of each label")
    table.guesses.append(f"The keys of {name} ({', '.join(list(whole)[:4])}) are the labels of the files below them.")
    return _numbered(name, rows, table)


def _of_object(name: str, whole: dict[str, Any]) -> Table:
    alone = len(whole) == 1
    holding = [key for key, value in whole.items() if _holds_rows(value) and (alone or not _are_pieces(value))]
    if len(holding) > 1 and (table := _by_split(name, {key: whole[key] for key in holding})):
        return table
    if len(holding) > 1:
        raise InputError(
            f"{name}: is one JSON object, and several of its keys hold lists of objects ({', '.join(holding)}): write "
            "the one with the clips to a file of its own."
        )
    if holding:
        table = Table(form=f"the list under the key {holding[0]!r} of one JSON object")
        table.guesses.append(
            f"The clips of {name} are the {len(whole[holding[0]])} entries under its key {holding[0]!r}."
        )
        return _numbered(name, whole[holding[0]], table)
    below = [key for key, value in whole.items() if isinstance(value, dict) and any(map(_holds_rows, value.values()))]
    if len(below) == 1 and not any(map(meaning, whole)):
        return _of_object(name, whole[below[0]])
    if isinstance(whole.get("data"), list) and isinstance(whole.get("columns"), list):  # pandas, orient='split'
        keys = [str(key) for key in whole["columns"]]
        if all(isinstance(row, list) and len(row) == len(keys) for row in whole["data"]):
            rows = [dict(zip(keys, row, strict=True)) for row in whole["data"]]
            return _numbered(name, rows, Table(form="one JSON object with columns and data"))
    columns = list(whole.values())
    if len(columns) > 1 and all(map(is_sound, whole)) and not any(isinstance(value, dict) for value in columns):
        table = Table(form="one JSON object with what is heard in each file")
        table.guesses.append(
            f"The keys of {name} (such as {next(iter(whole))!r}) are the files, what they lead to labels."
        )
        return _numbered(name, [{"audio": file, "label": label} for file, label in whole.items()], table)
    named = [ours for key in whole if (ours := meaning(key))]  # one alone may be a label: `target`, beside `other`
    if len(columns) > 1 and all(map(_are_files, columns)) and "audio" not in named and len(named) < 2:
        return _of_files(name, whole)
    if len(columns) > 1 and all(isinstance(column, list) for column in columns):
        if len({len(column) for column in columns}) > 1:
            lengths = ", ".join(f"{key}: {len(column)}" for key, column in whole.items())
            raise InputError(f"{name}: holds a list for each column, and they differ in length ({lengths}).")
        rows = [dict(zip(whole, values, strict=True)) for values in zip(*columns, strict=True)]
        return _numbered(name, rows, Table(form="one JSON object with a list for each column"))
    if len(columns) > 1 and all(isinstance(column, dict) for column in columns):
        return _of_objects(name, whole)
    return _numbered(name, [whole], Table(form="JSON lines"))


def _by_split(name: str, lists: dict[str, list[Any]]) -> Table | None:
    """The rows of lists whose keys are names of splits, each with its own; None where they are not."""
    try:
        splits = split_names(lists).of
    except InputError:
        return None
    if len(splits) < len(lists) or "train" not in splits.values():
        return None
    table = Table(form=f"a list for each split ({', '.join(lists)}) in one JSON object")
    rows = [({"split": split} | row if isinstance(row, dict) else row) for split in lists for row in lists[split]]
    return _numbered(name, rows, table)


def _holds_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _are_pieces(values: list[Any]) -> bool:
    """Whether this is the sound of one clip, and no list of clips."""
    return all(
        isinstance(value, str) or (isinstance(value, dict) and _PIECE >= value.keys() >= {"path"}) for value in values
    )


def _of_objects(name: str, whole: dict[str, dict[str, Any]]) -> Table:
    """pandas writes an object for each column (orient='columns') or, under its index, one for each row."""
    first = next(iter(whole.values()))
    if sum(meaning(key) is not None for key in whole) > sum(meaning(key) is not None for key in first):
        form = "one JSON object with an object for each column"
        rows = [{key: column[index] for key, column in whole.items() if index in column} for index in first]
        if any(len(column) != len(rows) for column in whole.values()):
            raise InputError(f"{name}: holds an object for each column, and they differ in their keys.")
        return _numbered(name, rows, Table(form=form))
    table = Table(form="one JSON object with an object for each clip")
    if all(map(is_sound, whole)) and not any(meaning(key) == "audio" for value in whole.values() for key in value):
        table.guesses.append(f"The keys of {name} (such as {next(iter(whole))!r}) are the files of the clips.")
        return _numbered(name, [{"audio": key, **value} for key, value in whole.items()], table)
    table.guesses.append(f"The keys of {name} (such as {next(iter(whole))!r}) are not read, but what they lead to.")
    return _numbered(name, list(whole.values()), table)


def _one_after_the_other(text: str) -> Iterator[Any]:
    """Whole values as far as they go, and a text with what is wrong behind them."""
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        try:
            value, place = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            yield str(error)
            return
        yield value


def _value(text: str) -> Any:
    """The value, or a sentence that says why there is none. A JSON text by itself counts as wrong, too."""
    try:
        value = _DECODER.decode(text.strip("\ufeff \t\r\n"))
    except _Repeated as error:
        return f"has the key {error.args[0]!r} twice."
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if error.lineno > 1 else ""
        return f"is no JSON ({error.msg} at {line}column {error.colno})."
    except (ValueError, RecursionError):
        return "is no JSON of a clip (numbers too long, or nested too deep)."
    return "must be a JSON object with the columns as keys, is a text." if isinstance(value, str) else value


class _Repeated(ValueError):
    """A key that stands twice in one object."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = {intern(key): value for key, value in pairs}  # rows of one table have the same keys
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _Repeated(next(key for key in keys if keys.count(key) > 1))
    return found


_PIECE = {"path", "start_seconds", "seconds"}
_KINDS = ((dict, "an object"), (list, "a list"), (str, "a text"))
_DECODER = json.JSONDecoder(object_pairs_hook=_unique)


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(json.dumps(value))
    return next((word for kind, word in _KINDS if isinstance(value, kind)), "a number")
