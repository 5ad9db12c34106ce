"""Rows of a Parquet or Arrow file (Feather, `save_to_disk` of Hugging Face's `datasets`). Sound that it embeds is
written below the cache folder, named by content."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainables.data.tables.spellings import meaning
from trainables.data.tables.table import Row
from trainables.errors import InputError

EMBEDDED = "embedded"  # folder in the cache, of folders of two digits
NO_CLASS = -1  # as `datasets` writes a label that is kept secret or unknown
MOST_BYTES = 1 << 30  # of a row group, as the file declares it
BATCH_ROWS = 64
ARROW_FILE, ARROW_STREAM = b"ARROW1", b"\xff\xff\xff\xff"


def parquet_rows(path: Path, renamed: Collection[str], cache_folder: Path) -> Iterator[Row]:
    """`renamed` are further names under which sound may stand. Class numbers become their names, where the file gives
    them as Hugging Face's `datasets` does. Raises InputError: no Parquet file, or a damaged one."""
    opened = _arrow(path) if is_arrow(path) else _parquet(path)
    names = opened.schema.names
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{path}: has the column {repeated[0]!r} twice; rename one of them.")
    sounds = [name for name in names if name in renamed or meaning(name) == "audio"]
    class_names = _class_names(opened.schema.metadata or {})
    lengths = [field.name for field in opened.schema if str(field.type).startswith("duration")]
    number = 0
    for rows in _batches(path, opened.batches):
        for row in rows:
            number += 1
            where = f"{path.name} row {number}"
            for name, known in class_names.items():
                if isinstance(row.get(name), int) and 0 <= row[name] < len(known):
                    row[name] = known[row[name]]
                elif row.get(name) == NO_CLASS:
                    row[name] = None
            for name in sounds:
                sound = {"bytes": row[name]} if isinstance(row[name], bytes) else row[name]
                if isinstance(sound, dict) and isinstance(sound.get("bytes"), bytes):
                    row[name] = _extracted(sound, cache_folder)
            for name in lengths:
                row[name] = None if row[name] is None else row[name].total_seconds()
            yield where, row


def schema_of(path: Path) -> Any:
    """The columns of a file. Raises InputError: as `parquet_rows`."""
    return (_arrow(path) if is_arrow(path) else _parquet(path)).schema


def is_arrow(path: Path) -> bool:
    """Whether a file is one of Arrow's, or a stream, as its first bytes say."""
    with path.open("rb") as file:
        start = file.read(len(ARROW_FILE))
    return start == ARROW_FILE or start.startswith(ARROW_STREAM)


@dataclass(frozen=True)
class _Opened:
    schema: Any
    batches: Iterator[Any]


def _parquet(path: Path) -> _Opened:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path}: is no Parquet file ({_reason(error)}).") from None
    sizes = [file.metadata.row_group(index).total_byte_size for index in range(file.metadata.num_row_groups)]
    if max(sizes, default=0) > MOST_BYTES:
        raise InputError(f"{path}: has row groups of more than {MOST_BYTES >> 30} GiB; write it with smaller ones.")
    return _Opened(file.schema_arrow, file.iter_batches(batch_size=BATCH_ROWS))


def _arrow(path: Path) -> _Opened:
    import pyarrow as pa

    try:
        mapped = pa.memory_map(str(path))
        with path.open("rb") as file:
            whole = file.read(len(ARROW_FILE)) == ARROW_FILE
        reader = pa.ipc.open_file(mapped) if whole else pa.ipc.open_stream(mapped)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path}: is no Arrow file ({_reason(error)}).") from None
    batches = map(reader.get_batch, range(reader.num_record_batches)) if whole else iter(reader)
    checked = map(_validated, batches)
    parts = (batch.slice(start, BATCH_ROWS) for batch in checked for start in range(0, batch.num_rows, BATCH_ROWS))
    return _Opened(reader.schema, parts)


def _validated(batch: Any) -> Any:
    """Arrow trusts what a file says of its own layout until it is asked. Raises pyarrow.ArrowException."""
    batch.validate(full=True)
    return batch


def _batches(path: Path, batches: Iterator[Any]) -> Iterator[list[dict[str, Any]]]:
    """Embedded audio is large: never the whole file at once."""
    import pyarrow as pa

    try:
        yield from (batch.to_pylist() for batch in batches)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: is damaged, or holds what has no place in a manifest ({_reason(error)}).") from None


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _class_names(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """Column -> names of its class numbers, as Hugging Face's `datasets` notes them in the file's metadata."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return {name: list(kind["names"]) for name, kind in features.items() if kind.get("_type") == "ClassLabel"}
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return {}


def is_embedded(path: str) -> bool:
    """Whether this is a file that sound of a table was written to."""
    return f"/{EMBEDDED}/" in path and path.split("/")[-3:-2] == [EMBEDDED]


def _extracted(sound: Mapping[str, Any], cache_folder: Path) -> dict[str, Any]:
    content = bytes(sound["bytes"])
    name = str(sound.get("path") or "")
    digest = hashlib.sha256(content).hexdigest()
    target = cache_folder / EMBEDDED / digest[:2] / (digest[:32] + _suffix(name))
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        temporary.write_bytes(content)
        temporary.replace(target)
    return {"path": str(target), "written": f"{Path(name).stem or 'audio'}-{digest[:12]}"}


def _suffix(name: str) -> str:
    """The name comes from the file: of it only letters and digits reach the disk."""
    return ("." + re.sub(r"[^a-z0-9]", "", Path(name).suffix.lower())[:7]).rstrip(".")
