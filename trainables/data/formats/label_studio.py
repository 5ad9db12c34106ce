"""Exports of Label Studio: JSON with `data` and `annotations` (choices, regions with labels, text areas, ratings), and
JSON-MIN or CSV with a column for each question (labelstud.io, "Export annotations and data from Label Studio").
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from trainables.data.formats.known import KnownTable
from trainables.data.reading import Account, Wanted
from trainables.data.sound.endings import is_sound
from trainables.data.tables.table import Row, Table

_KINDS = {  # the task's column -> kinds of result that answer it, each with the key of its value
    "label": {"choices": "choices", "labels": "labels"},
    "labels": {"choices": "choices", "labels": "labels"},
    "text": {"textarea": "text"},
    "targets": {"rating": "rating", "number": "number"},
}
_UPLOADED = re.compile(r"[0-9a-f]{8}-(?=.)")  # stands before the name of a file that was uploaded
Result = Mapping[str, Any]


def _read(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    home = path.parent if wanted.audio_folder is None else wanted.audio_folder
    rows: list[Row] = []
    open_tasks = 0
    for where, task in table.rows:
        sound = _sound(task.get("data"))
        answers = [_answers(results, wanted.column) for results in _annotations(task)]
        answers = [answer for answer in answers if answer]
        if sound is None:
            account.leave_out(where, "names no sound in data.")
        elif not answers:
            open_tasks += 1
        elif any(answer != answers[0] for answer in answers):
            account.leave_out(where, f"has {len(answers)} annotations, which differ: keep one of them.")
        else:
            rows += [(where, {"audio": _place(home, sound), **answer}) for answer in answers[0]]
    if open_tasks:
        account.guesses.append(
            f"{open_tasks} tasks of {path.name} have no answer for {wanted.column} and are no clips."
        )
    if not rows and not account.left_out:
        account.leave_out(path.name, f"no annotation holds {' or '.join(_KINDS.get(wanted.column, ()))}.")
    account.origins[wanted.column] = "the annotations"
    renamed = {ours: name for ours, name in wanted.columns.items() if ours != wanted.column}
    return replace(table, rows=rows), replace(wanted, columns=renamed)


def _annotations(task: Mapping[str, Any]) -> Iterator[list[Result]]:
    """The results of each annotation that counts; `completions` is its older name."""
    for annotation in task.get("annotations") or task.get("completions") or ():
        if isinstance(annotation, Mapping) and not annotation.get("was_cancelled"):
            results = annotation.get("result")
            yield [of for of in results if isinstance(of, Mapping)] if isinstance(results, list) else []


def _answers(results: Sequence[Result], column: str) -> list[dict[str, Any]]:
    """What the annotation says, a row for each stretch; a label and a text of one region have one id."""
    times: dict[str, dict[str, Any]] = {}
    said: dict[str, list[Any]] = defaultdict(list)
    for number, result in enumerate(results):
        value, kind = result.get("value"), str(result.get("type"))
        if not isinstance(value, Mapping):
            continue
        region = str(result.get("id", number)) if "start" in value and "end" in value else ""
        if region:
            times[region] = {"start_seconds": value["start"], "end_seconds": value["end"]}
        key = _KINDS.get(column, {}).get(kind)
        if key is not None and value.get(key) is not None:
            said[region] += value[key] if isinstance(value[key], list) else [value[key]]
    return [{column: _together(column, values), **times.get(region, {})} for region, values in said.items()]


def _together(column: str, values: list[Any]) -> Any:
    """A class is one; several stay a list, which is refused with what to do."""
    if column == "text":
        return " ".join(str(value) for value in values)
    return values[0] if column != "labels" and len(values) == 1 else values


def _sound(data: Any) -> str | None:
    """The address or path of the sound, whatever its key."""
    values = [value for value in data.values() if isinstance(value, str)] if isinstance(data, Mapping) else []
    return next((value for value in values if is_sound(_path(value))), None)


def _path(address: str) -> str:
    """`/data/local-files/?d=a/b.wav` and `s3://bucket/a/b.wav` name a file, too."""
    parts = urlsplit(address)
    local = parse_qs(parts.query).get("d")
    return local[0] if local else unquote(parts.path)


def _place(home: Path, address: str) -> str:
    """The name under which the file lies at `home`: its path there, its name, or that without the mark of an upload."""
    path = _path(address).lstrip("/")
    name = path.rpartition("/")[2]
    bare = _UPLOADED.sub("", name, count=1)
    return next((known for known in (path, name, bare) if (home / known).is_file()), bare)


def _read_small(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    """JSON-MIN and CSV: only the paths are Label Studio's own."""
    home = path.parent if wanted.audio_folder is None else wanted.audio_folder
    names = dict.fromkeys(name for _, row in table.rows for name in row)
    sounds = [name for name in names if all(_is_address(row.get(name)) for _, row in table.rows)]
    kept = {"annotation_id", "annotator", "created_at", "updated_at", "lead_time", "id"}
    rows: list[Row] = [
        (where, {**{n: row[n] for n in row if n not in kept}, **{n: _place(home, row[n]) for n in sounds}})
        for where, row in table.rows
    ]
    account.guesses.append(f"Not read of {path.name} is what Label Studio notes itself: {', '.join(sorted(kept))}.")
    return replace(table, rows=rows), wanted


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and is_sound(_path(value))


def _is_task(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("data"), Mapping)


TABLES = (
    KnownTable("Label Studio", frozenset({"data", "annotations"}), {}, _read, _is_task),
    KnownTable("Label Studio", frozenset({"data", "completions"}), {}, _read, _is_task),
    KnownTable("Label Studio", frozenset({"annotation_id", "annotator", "lead_time"}), {}, _read_small),
)
