"""Raven's selection tables: tabs, a row for each selection and view, times in seconds (ravensoundsoftware.com, Raven
Pro 1.6 user's manual, "Selections, measurements and annotations"). Raven counts channels from 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import Any

from trainables.data.formats.known import KnownTable
from trainables.data.reading import Account, Wanted
from trainables.data.sound.endings import is_readable
from trainables.data.tables.table import Row, Table
from trainables.data.tables.values import filled, number
from trainables.errors import InputError

BEGIN, END = "Begin Time (s)", "End Time (s)"
OFFSET = "File Offset (s)"  # where a selection begins in its own file, where several are open as one sound
_FILES = ("Begin Path", "Begin File")
_TABLE = re.compile(r"(\.Table\.\d+)?(\.selections?)?\.(txt|tsv)$", re.IGNORECASE)
_MEASURED = re.compile(  # columns that Raven fills by itself; all others are a person's
    r".*\(.*\)|Selection|View|Channel|(Begin|End) (File|Path|Date|Hour|Clock Time|Sample|Frame).*|.*Sample.*|Length.*|"
    r"Source.*|Occupancy|Score|Notes|Comments?|.*Entropy.*|.*Correlation.*",
    re.IGNORECASE,
)


def _read(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    rows = _one_view(table.rows, account)
    named = next((name for name in _FILES if any(filled(row.get(name)) for _, row in rows)), None)
    files = {_last_name(row.get(named)) for _, row in rows} if named else set()
    if len(files) > 1 and not any(filled(row.get(OFFSET)) is not None for _, row in rows):
        raise InputError(
            f"{path}: names {len(files)} sound files and no {OFFSET!r}; {BEGIN!r} counts from the first of them. "
            f"Export the table with the measurement {OFFSET!r}."
        )
    home = path.parent if wanted.audio_folder is None else wanted.audio_folder
    own = None if named else _of_same_name(path, home)
    found: list[Row] = [(where, _clip(row, named, own)) for where, row in rows]
    return replace(table, rows=found), _labelled(path, rows, wanted, account)


def _one_view(rows: Sequence[Row], account: Account) -> Sequence[Row]:
    """Raven writes a row for the waveform and one for the spectrogram of the same selection."""
    views = list(dict.fromkeys(str(row.get("View")) for _, row in rows))
    kept = [(where, row) for where, row in rows if str(row.get("View")) == views[0]]
    selections = {str(row.get("Selection")) for _, row in kept}
    if len(views) < 2 or {str(row.get("Selection")) for _, row in rows} != selections:
        return rows
    account.guesses.append(f"The rows of the view {views[0]} are read: those of the others repeat them.")
    return kept


def _clip(row: Mapping[str, Any], named: str | None, own: str | None) -> dict[str, Any]:
    begin, end, offset = (number(filled(row.get(name))) for name in (BEGIN, END, OFFSET))
    clip = {name: value for name, value in row.items() if name not in (BEGIN, END, OFFSET, "Channel", *_FILES)}
    clip["audio"] = _last_name(row.get(named)) if named else own
    clip["start_seconds"] = row.get(BEGIN) if offset is None else offset
    clip["seconds"] = None if begin is None or end is None else round(end - begin, 6)
    channel = number(filled(row.get("Channel")))
    return clip | ({} if channel is None else {"channel": int(channel) - 1})


def _last_name(written: Any) -> str | None:
    """The file's own name: the folders are those of the machine where the table was made."""
    return PureWindowsPath(str(written)).name if filled(written) is not None else None


def _of_same_name(path: Path, home: Path) -> str:
    """The sound that a table without a column of files is called after."""
    stem = _TABLE.sub("", path.name)
    fits = [file.name for file in sorted(home.iterdir()) if file.stem == stem and is_readable(file)]
    if not fits:
        raise InputError(
            f"{path}: names no sound file, and no {stem}.wav or the like lies in {home}; export the table with the "
            "measurement 'Begin File'."
        )
    return fits[0]


def _labelled(path: Path, rows: Sequence[Row], wanted: Wanted, account: Account) -> Wanted:
    """The only column of a person's own is the task's."""
    if wanted.column in wanted.columns:
        return wanted
    own = [
        name
        for name in dict.fromkeys(name for _, row in rows for name in row)
        if name and not _MEASURED.fullmatch(name)
    ]
    if wanted.column in own or not own:
        return wanted
    if len(own) > 1:
        raise InputError(
            f"{path}: several columns may be the {wanted.column} ({', '.join(own)}); say which with `data.columns: "
            f"{{{wanted.column}: {own[0]}}}`."
        )
    account.guesses.append(f"The {wanted.column} is the column {own[0]}, the only one that Raven does not fill.")
    return replace(wanted, columns={**wanted.columns, wanted.column: own[0]})


TABLES = (KnownTable("Raven's selection table", frozenset({BEGIN, END}), {}, _read),)
