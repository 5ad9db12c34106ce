"""AudioSet: notes that begin with #, the last of which names the columns YTID, start_seconds, end_seconds and
positive_labels (research.google.com/audioset/download.html). The sound has to be fetched elsewhere; people keep it
under the video's name, whole or cut out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import soundfile

from trainables.data.formats.known import MANY_LABELS, KnownTable
from trainables.data.reading import Account, Wanted
from trainables.data.sound.endings import is_readable
from trainables.data.tables.table import Row, Table

_NAME = re.compile(r"Y?([\w-]{11})(?:_(.+))?")  # a video's name has 11 signs; behind it people write the stretch
_MACHINE_LABELS = re.compile(r"\s*/[mtg]/\w+(\s*,\s*/[mtg]/\w+)*\s*")
_TOLERANCE_SECONDS = 1.0


def _read(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    table, wanted = _single_labels(path, table, wanted, account)
    home = path.parent if wanted.audio_folder is None else wanted.audio_folder
    files = _files(home)
    rows: list[Row] = []
    cut = 0
    for where, row in table.rows:
        video, start, end = (str(row.get(name) or "").strip() for name in ("YTID", "start_seconds", "end_seconds"))
        name = files.get((video, start)) or files.get((video, "")) or f"{video}.wav"
        row = {**row, "audio": name, "group": video}
        if (video, start) in files or _is_cut(home / name, start, end):
            cut += 1
            row = {column: value for column, value in row.items() if column not in ("start_seconds", "end_seconds")}
        rows.append((where, row))
    if cut:
        account.guesses.append(f"{cut} of {len(rows)} files of {path.name} are cut out of their videos already.")
    return replace(table, rows=rows), replace(wanted, audio_folder=home)


def _files(home: Path) -> dict[tuple[str, str], str]:
    """(video, start as AudioSet writes it, or nothing) -> the file, for all below `home`."""
    found: dict[tuple[str, str], str] = {}
    for file in sorted(path for pattern in ("*", "*/*") for path in home.glob(pattern) if is_readable(path)):
        if match := _NAME.fullmatch(file.stem):
            found.setdefault((match[1], _start(match[2] or "")), file.relative_to(home).as_posix())
    return found


def _start(stretch: str) -> str:
    """`30.000` of `30`, `30.000_40.000` or, in milliseconds, `30000_40000`."""
    first = re.match(r"\d+(\.\d+)?", stretch)
    if first is None:
        return ""
    start = float(first[0])
    return f"{start / 1000 if start >= 1000 and '.' not in first[0] else start:.3f}"


def _is_cut(path: Path, start: str, end: str) -> bool:
    """Whether a file is no longer than the stretch of the video that the row means."""
    try:
        length = float(end) - float(start)
        info = soundfile.info(str(path))
    except (ValueError, RuntimeError, OSError):
        return False
    return float(start) > 0 and bool(info.duration <= length + _TOLERANCE_SECONDS)


def _single_labels(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    """Without the rows of several labels, where the task wants one; else each row with the list of its labels."""
    name = wanted.columns.get(wanted.column, wanted.column)
    kept: list[Row] = []
    for where, row in table.rows:
        several = "," in str(row.get(name) or "") and _MACHINE_LABELS.fullmatch(str(row[name]))
        if several and wanted.column == "labels":
            kept.append((where, {**row, name: [label.strip() for label in str(row[name]).split(",")]}))
        elif several:
            account.leave_out(where, MANY_LABELS)
        else:
            kept.append((where, row))
    return replace(table, rows=kept), wanted


def _has_machine_labels(row: Mapping[str, Any]) -> bool:
    return any(isinstance(value, str) and _MACHINE_LABELS.fullmatch(value) is not None for value in row.values())


TABLES = (
    KnownTable(
        "AudioSet",
        frozenset({"YTID", "start_seconds", "end_seconds", "positive_labels"}),
        {"label": "positive_labels", "labels": "positive_labels"},
        _read,
    ),
    KnownTable("a table with labels of AudioSet", frozenset(), {}, _single_labels, _has_machine_labels),
)
