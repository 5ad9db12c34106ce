"""Rows of a Parquet file. Sound that it embeds is written below the cache folder, named by content."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from trainables.data.tables.spellings import meaning
from trainables.data.tables.table import Row
from trainables.errors import InputError

EMBEDDED = "embedded"  # folder in the cache, of folders of two digits
NO_CLASS = -1  # as `datasets` writes a label that is kept secret or unknown
MOST_BYTES = 1 << 30  # of a row group, as the file declares it


def parquet_rows(path: Path, renamed: Collection[str], cache_folder: Path) -> Iterator[Row]:
    """`renamed` are further names under which sound may stand. Class numbers become their names, where the file gives
    them as Hugging Face's `datasets` does. Raises InputError: no Parquet file, or a damaged one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: is no Parquet file ({reason}).") from None
    sizes = [file.metadata.row_group(index).total_byte_size for index in range(file.metadata.num_row_groups)]
    if max(sizes, default=0) > MOST_BYTES:
        raise InputError(f"{path}: has row groups of more than {MOST_BYTES >> 30} GiB; write it with smaller ones.")
    names = file.schema_arrow.names
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{path}: has the column {repeated[0]!r} twice; rename one of them.")
    sounds = [name for name in names if name in renamed or meaning(name) == "audio"]
    class_names = _class_names(file.schema_arrow.metadata or {})
    number = 0
    for rows in _batches(path, file):
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
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return {}


def is_embedded(path: str) -> bool:
    """Whether this is a file that sound of a table was written to."""
    return Path(path).parts[-3:-2] == (EMBEDDED,)


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
