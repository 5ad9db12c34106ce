"""Manifests: one clip per row of a JSONL, CSV or Parquet file.

`audio` names the file, relative to the manifest or absolute. In JSONL and Parquet it may also be a list of files that
are joined, each a name or an object `{path, start_seconds, seconds}`; in Parquet also a struct `{bytes, path}`, as hub
data sets embed their audio. The task's column (`label`, `targets` or `text`) holds the target. Optional: `id`, `group`,
`split`, `fold`, `start_seconds`, `seconds`, `lowpass_hz`, `channel`.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from trainables.data.examples import SPLITS, AudioPiece, Example
from trainables.data.reading import MOST_PROBLEMS, Account, Reading, Wanted
from trainables.data.split_names import split_name
from trainables.data.tables.channels import channel_mark, channel_of, tells_channels
from trainables.errors import InputError

SUFFIXES = (".jsonl", ".csv", ".parquet")
OPTIONAL = ("id", "group", "split", "fold", "start_seconds", "seconds", "lowpass_hz", "channel")
MOST_BYTES = 1 << 30  # of a JSONL or CSV file, or of a row group of a Parquet file, as the file declares it
MOST_ROWS = 5_000_000
_TOO_MANY = "\0"  # where csv puts what has no header

Row = tuple[str, Mapping[str, Any]]  # where it stands ("clips.csv line 3"), and its values


def read_manifest(path: Path, wanted: Wanted, prefix: str = "") -> Reading:
    """The rows as examples, in order.

    Without `id`, the audio path as written is the id, with the start where several clips share a file; without `group`,
    every file is a group. `prefix` stands before paths that serve as such names. Embedded audio is written below
    `wanted.cache_folder`, named by content.
    Raises InputError: rows that cannot be read, with their lines, where there are more than `wanted.skip` allows, and
    columns that are missing, with the nearest name.
    """
    path = Path(path)
    account = Account(layout=f"a table ({path.name})")
    rows = list(islice(_rows(path, wanted.columns, wanted.cache_folder), MOST_ROWS + 1))
    if len(rows) > MOST_ROWS:
        raise InputError(f"{path}: holds more than {MOST_ROWS:,} rows, which no sweep trains on; is it another file?")
    if not rows:
        raise InputError(f"{path}: holds no rows.")
    return Reading(examples_of(path, rows, path.parent, wanted, account, prefix), account)


def examples_of(
    path: Path, rows: Sequence[Row], home: Path, wanted: Wanted, account: Account, prefix: str = ""
) -> list[Example]:
    """Rows that any reader has brought into columns, as examples; `path` is what they were read from, relative audio
    paths begin at `home`, and what is left out goes to `account`. Raises InputError: as `read_manifest`."""
    column, columns = wanted.column, wanted.columns
    found = list(dict.fromkeys(name for _, row in rows for name in row))
    problems = _column_problems(path, column, columns, found)
    if problems:
        raise InputError(problems)
    heard = tells_channels(_filled(row.get(columns.get("channel", "channel"))) for _, row in rows)
    examples: list[Example] = []
    for where, row in rows:
        try:
            examples.append(_example(where, row if heard else {**row, "channel": None}, home, column, columns, prefix))
        except InputError as error:
            account.leave_out(where, " ".join(problem.removeprefix(f"{where}: ") for problem in error.problems))
    account.refuse_beyond(wanted.skip, len(rows))
    return examples if columns.get("id", "id") in found else _told_apart(examples)


def _rows(path: Path, columns: Mapping[str, str], cache_folder: Path) -> Iterator[Row]:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path}: a manifest is a {', '.join(SUFFIXES)} file, not {suffix or 'one without a suffix'}.")
    try:
        if suffix != ".parquet" and path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path}: is larger than {MOST_BYTES >> 30} GiB, which no list of clips is.")
        if suffix == ".jsonl":
            yield from _jsonl_rows(path)
        elif suffix == ".csv":
            yield from _csv_rows(path)
        else:
            yield from _parquet_rows(path, columns.get("audio", "audio"), cache_folder)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not written in UTF-8 (byte {error.start}); save it as UTF-8.") from None
    except csv.Error as error:
        raise InputError(f"{path}: is no CSV file that can be read ({error}).") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or str(error).splitlines()[0]}).") from None


def _jsonl_rows(path: Path) -> Iterator[Row]:
    problems = []
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            where = f"{path.name} line {number}"
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                problems.append(f"{where}: is no JSON ({error.msg} at column {error.colno}).")
                continue
            except (ValueError, RecursionError):
                problems.append(f"{where}: is no JSON of a clip (numbers too long, or nested too deep).")
                continue
            if isinstance(row, dict):
                yield where, row
            else:
                problems.append(f"{where}: must be a JSON object with the columns as keys, is {str(row)[:40]!r}.")
    if problems:
        raise InputError(problems[:MOST_PROBLEMS])


def _csv_rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restkey=_TOO_MANY)
        for row in reader:
            where = f"{path.name} line {reader.line_num}"
            if _TOO_MANY in row:
                raise InputError(f"{where}: has more values than the header has columns (an unquoted comma?).")
            yield where, row


def _parquet_rows(path: Path, audio_column: str, cache_folder: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: is no Parquet file ({str(error).splitlines()[0]}).") from None
    sizes = [file.metadata.row_group(index).total_byte_size for index in range(file.metadata.num_row_groups)]
    if max(sizes, default=0) > MOST_BYTES:
        raise InputError(f"{path}: has row groups of more than {MOST_BYTES >> 30} GiB; write it with smaller ones.")
    class_names = _class_names(file.schema_arrow.metadata or {})
    number = 0
    for rows in _batches(path, file):
        for row in rows:
            number += 1
            where = f"{path.name} row {number}"
            for name, names in class_names.items():
                if isinstance(row.get(name), int) and 0 <= row[name] < len(names):
                    row[name] = names[row[name]]
            audio = row.get(audio_column)
            if isinstance(audio, dict) and audio.get("bytes") is not None:
                row[audio_column] = _extracted(where, audio, cache_folder)
            yield where, row


def _batches(path: Path, file: Any) -> Iterator[list[dict[str, Any]]]:
    """Embedded audio is large: never the whole file at once."""
    import pyarrow as pa

    try:
        yield from (batch.to_pylist() for batch in file.iter_batches(batch_size=64))
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: is damaged, or holds what has no place in a manifest ({reason}).") from None


def _class_names(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """Column -> names of its class numbers, as Hugging Face's `datasets` notes them in the file's metadata."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return {name: list(kind["names"]) for name, kind in features.items() if kind.get("_type") == "ClassLabel"}
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError):
        return {}


def _extracted(where: str, audio: Mapping[str, Any], cache_folder: Path) -> dict[str, Any]:
    content = bytes(audio["bytes"])
    name = str(audio.get("path") or "")
    digest = hashlib.sha256(content).hexdigest()
    target = cache_folder / "embedded" / digest[:2] / (digest[:32] + _suffix(name))
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        temporary.write_bytes(content)
        temporary.replace(target)
    return {"path": str(target), "written": f"{Path(name).stem or 'audio'}-{digest[:12]}"}


def _suffix(name: str) -> str:
    """The name comes from the file: of it only letters and digits reach the disk."""
    return ("." + re.sub(r"[^a-z0-9]", "", Path(name).suffix.lower())[:7]).rstrip(".")


def _column_problems(path: Path, column: str, columns: Mapping[str, str], found: list[str]) -> list[str]:
    ours = ("audio", column, *OPTIONAL)
    problems = [
        f"data.columns: {name!r} is no column that can be renamed; those are {', '.join(ours)}."
        for name in columns
        if name not in ours
    ]
    for name in ours:
        written = columns.get(name, name)
        if written in found or (name in OPTIONAL and name not in columns):
            continue
        near = difflib.get_close_matches(written, found, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        problems.append(
            f"{path}: has no column {written!r}; its columns are {', '.join(found)}.{hint} "
            f"Rename it there or say `data.columns: {{{name}: ITS_NAME}}`."
        )
    return problems


def _example(
    where: str, row: Mapping[str, Any], folder: Path, column: str, columns: Mapping[str, str], prefix: str
) -> Example:
    values = {name: _filled(row.get(columns.get(name, name))) for name in ("audio", column, *OPTIONAL)}
    problems = [f"{where}: the column {columns.get(n, n)!r} is empty." for n in ("audio", column) if values[n] is None]
    if problems:
        raise InputError(problems)
    audio = values["audio"] if isinstance(values["audio"], list) else [values["audio"]]
    channel = channel_of(where, values["channel"])
    pieces = [_piece(where, entry, folder, channel) for entry in audio]
    split = None if values["split"] is None else split_name(str(values["split"]))
    if values["split"] is not None and split is None:
        raise InputError(f"{where}: split is {str(values['split'])!r}; it may be {', '.join(SPLITS)}.")
    files = "+".join(dict.fromkeys(prefix + written for _, written in pieces))
    start = _number(where, "start_seconds", values["start_seconds"])
    return Example(
        id=files if values["id"] is None else str(values["id"]),
        audio=tuple(piece for piece, _ in pieces),
        group=files if values["group"] is None else str(values["group"]),
        target=_target(where, column, values[column]),
        split=split,
        fold=None if values["fold"] is None else str(values["fold"]),
        lowpass_hz=_number(where, "lowpass_hz", values["lowpass_hz"]),
        start_seconds=0.0 if start is None else start,
        seconds=_number(where, "seconds", values["seconds"]),
    )


def _filled(value: Any) -> Any:
    """None for what stands for nothing in one of the three formats."""
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        return None
    return None if isinstance(value, float) and math.isnan(value) else value


def _piece(where: str, entry: Any, folder: Path, channel: int | None) -> tuple[AudioPiece, str]:
    """The piece, and its path as written."""
    values = {"path": entry} if isinstance(entry, str) else entry
    if not isinstance(values, Mapping) or not isinstance(values.get("path"), str) or not values["path"].strip():
        raise InputError(f"{where}: audio must be a path or a list of paths, is {str(entry)[:60]!r}.")
    start = _number(where, "audio.start_seconds", values.get("start_seconds"))
    # no resolving of links: hub caches link to files that have no suffix
    try:
        path = os.path.abspath(folder / Path(values["path"]).expanduser())
    except RuntimeError:
        raise InputError(f"{where}: audio is {values['path'][:60]!r}, and there is no such user.") from None
    piece = AudioPiece(path, start or 0.0, _number(where, "audio.seconds", values.get("seconds")), channel)
    return piece, str(values.get("written", values["path"]))


def _number(where: str, name: str, value: Any) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise InputError(f"{where}: {name} must be a number of at least 0, is {value!r}.")
    return number


def _target(where: str, column: str, value: Any) -> Any:
    if column != "targets":
        return value if isinstance(value, str) else str(value)
    try:
        ratings = json.loads(value) if isinstance(value, str) else value
        return [float(rating) for rating in (ratings if isinstance(ratings, list) else [ratings])]
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise InputError(
            f"{where}: targets must be a list of numbers such as [0.2, 0.5], is {str(value)[:60]!r}."
        ) from None


def _told_apart(examples: list[Example]) -> list[Example]:
    """Clips that share an id because they share a file are told apart by their start, and by their channel."""
    uses = Counter(example.id for example in examples)
    ids = [f"{example.id}@{example.start_seconds:g}{channel_mark(example.audio[0])}" for example in examples]
    return [
        replace(example, id=name) if uses[example.id] > 1 else example
        for example, name in zip(examples, ids, strict=True)
    ]
