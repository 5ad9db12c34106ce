"""The rows of a file, whatever it is called: its content says whether it is Parquet, Arrow, JSON or a text table."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from trainables.data.tables.delimited import delimited_rows
from trainables.data.tables.encoding import decoded
from trainables.data.tables.json_rows import is_json, json_rows
from trainables.data.tables.parquet_rows import is_arrow, parquet_rows
from trainables.data.tables.table import Table
from trainables.errors import InputError

MOST_BYTES = 1 << 30  # of a file of text
MOST_ROWS = 5_000_000
PARQUET, GZIP = b"PAR1", b"\x1f\x8b"


def read_rows(path: Path, columns: Mapping[str, str], cache_folder: Path) -> Table:
    """`columns` are the names that the sweep file gives. Raises InputError: a file that holds no rows of any form."""
    path = Path(path)
    try:
        table = _read(path, list(columns.values()), cache_folder)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or str(error).splitlines()[0]}).") from None
    if len(table.rows) + len(table.broken) > MOST_ROWS:
        raise InputError(f"{path}: holds more than {MOST_ROWS:,} rows, which no sweep trains on; is it another file?")
    if not table.rows and not table.broken:
        raise InputError(f"{path}: holds no rows.")
    return table


def _read(path: Path, renamed: list[str], cache_folder: Path) -> Table:
    with path.open("rb") as file:
        start = file.read(len(PARQUET))
    arrow = is_arrow(path)
    if arrow or start == PARQUET or path.suffix.lower() == ".parquet":
        rows = list(islice(parquet_rows(path, renamed, cache_folder), MOST_ROWS + 1))
        return Table(rows, form="Arrow" if arrow else "Parquet")
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path}: is larger than {MOST_BYTES >> 30} GiB, which no list of clips is.")
    text = decoded(path, _unpacked(path) if start[: len(GZIP)] == GZIP else path.read_bytes())
    named = path.name.lower().removesuffix(".gz")
    if is_json(text, hinted=named.endswith((".jsonl", ".ndjson", ".json"))):
        return json_rows(path.name, text)
    return delimited_rows(path.name, text, renamed)


def _unpacked(path: Path) -> bytes:
    """What a gzip file holds. Raises InputError: it is damaged, or holds more than any list of clips."""
    try:
        with gzip.open(path) as file:
            content = file.read(MOST_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: is a damaged gzip file ({error}).") from None
    if len(content) > MOST_BYTES:
        raise InputError(f"{path}: holds more than {MOST_BYTES >> 30} GiB, which no list of clips does.")
    return content
