"""A new SQLite record in an instant: MLflow makes one by all its migrations, which take seconds of a processor, so that
the tables are made once for each version of MLflow, kept in the cache, and copied from there.

A copy holds what MLflow's own making leaves (tables, indices, the number of the last migration) and no experiment:
MLflow adds its default one, whose files lie beside the new record, when it opens a record without any.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from importlib.metadata import version
from pathlib import Path

from trainables.cache import cache_folder

OF_ONE_RECORD = ("experiments", "experiment_tags")  # rows that know where the record lies


def is_empty(path: Path) -> bool:
    """Whether a SQLite file holds no tables yet. Raises sqlite3.Error: it is no SQLite file."""
    with closing(sqlite3.connect(path)) as connection:
        return not _tables(connection, "main")


def copy_kept_tables(path: Path) -> bool:
    """Fills an empty SQLite file with the kept tables; False where there are none, or somebody was faster."""
    kept = _kept()
    if not kept.is_file():
        return False
    with suppress(sqlite3.Error, OSError), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("ATTACH ? AS kept", (str(kept),))
        connection.execute("BEGIN IMMEDIATE")  # who else opens a new record waits, and finds it whole
        if _tables(connection, "main"):
            return False
        statements = connection.execute(
            "SELECT sql FROM kept.sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
            "ORDER BY type != 'table'"  # what stands on tables comes after them
        ).fetchall()
        for (statement,) in statements:
            connection.execute(statement)
        for table in _tables(connection, "main"):
            written = ", ".join(f'"{name}"' for name in _written_columns(connection, table))
            connection.execute(f'INSERT INTO main."{table}" ({written}) SELECT {written} FROM kept."{table}"')
        connection.execute("COMMIT")
        return True
    return False


def keep_tables(path: Path) -> None:
    """Keeps the tables that MLflow has just made. Where the cache cannot be written, nothing is kept."""
    kept = _kept()
    temporary = kept.with_name(f".{kept.name}.{os.getpid()}")
    with suppress(sqlite3.Error, OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as made, closing(sqlite3.connect(temporary)) as copy:
            made.backup(copy)
            for table in OF_ONE_RECORD:
                copy.execute(f"DELETE FROM {table}")
            copy.commit()
            copy.execute("VACUUM")
        temporary.replace(kept)
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def _kept() -> Path:
    return cache_folder() / f"mlflow-{version('mlflow')}.db"


def _tables(connection: sqlite3.Connection, schema: str) -> list[str]:
    found = connection.execute(
        f"SELECT name FROM {schema}.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    return [name for (name,) in found]


def _written_columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """The columns that a row gives; the others are worked out from them."""
    return [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?, 'main')", (table,))]
