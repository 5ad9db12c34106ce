"""What only decoding tells of a file, kept in the cache folder until the file changes: a small SQLite table.

Whatever is wrong with the table, files are decoded again: nothing depends on it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from trainables.cache import cache_folder

NAME = "sound.sqlite"
VERSION = 1  # of what is kept: changes where files are decoded otherwise
WAIT_SECONDS = 30.0
AT_ONCE = 500  # keys of a query


def key(what: str, path: str | Path, *rest: Any) -> str:
    """Of something about a file as it is now. Raises OSError."""
    state = Path(path).stat()
    return json.dumps([VERSION, what, str(path), state.st_size, state.st_mtime_ns, *rest])


def recall(keys: Iterable[str]) -> dict[str, Any]:
    """What is kept of them."""
    wanted, found = list(keys), {}
    path = cache_folder() / NAME
    if not wanted or not path.is_file():
        return {}
    try:
        with closing(sqlite3.connect(path, timeout=WAIT_SECONDS)) as table:
            for first in range(0, len(wanted), AT_ONCE):
                part = wanted[first : first + AT_ONCE]
                marks = ",".join("?" * len(part))
                rows = table.execute(f"SELECT key, value FROM kept WHERE key IN ({marks})", part)
                found.update({name: json.loads(value) for name, value in rows})
    except (sqlite3.Error, ValueError):
        return {}
    return found


def keep(values: Mapping[str, Any]) -> None:
    """Remembers them, where the folder can be written."""
    if not values:
        return
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(cache_folder() / NAME, timeout=WAIT_SECONDS)) as table, table:
            table.execute("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT)")
            rows = [(name, json.dumps(value)) for name, value in values.items()]
            table.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", rows)
    except (sqlite3.Error, OSError):
        return
