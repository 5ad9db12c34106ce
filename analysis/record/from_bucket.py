"""MLflow's file of a sweep whose results live in a bucket: copied while it is written, and taken up on another machine.

Loads no mlflow: what is done to the file is plain SQL on two tables that MLflow has had since its first versions.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from trainables.bucket.address import is_uri
from trainables.bucket.kept import ARTIFACTS, JOURNALS, RECORD
from trainables.bucket.mirror import Mirror, driver_runs_here
from trainables.doing import doing, done
from trainables.errors import InputError
from trainables.records import TAG_SWEEP_ID

BUSY_SECONDS = 30.0
FETCHED = ".mlflow.fetched"  # size and time of the file in the bucket that this one was made from
SHOWN = 5


def snapshot(record: Path, copy: Path) -> bool:
    """A copy of MLflow's file as it is at one moment, whoever writes to it; whether it could be made now."""
    copy.unlink(missing_ok=True)
    with suppress(sqlite3.Error), closing(sqlite3.connect(record, timeout=BUSY_SECONDS)) as source:
        with closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return has_tables(copy)
    return False


def has_tables(record: Path) -> bool:
    """Whether MLflow has made its tables: a file that it has only begun holds no record."""
    with closing(sqlite3.connect(record, timeout=BUSY_SECONDS)) as database:
        made = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {"experiments", "runs", "tags"} <= made


def move_artifacts(record: Path, root: Path) -> None:
    """MLflow's file names the folder of every run's files: those of another machine become those below `root`."""
    here = root.absolute().as_uri()
    with closing(sqlite3.connect(record, timeout=BUSY_SECONDS)) as database, database:
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            database.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, instr({column}, ?)) "
                f"WHERE {column} LIKE 'file:%' AND instr({column}, ?) > 0",
                (here, f"/{ARTIFACTS}", f"/{ARTIFACTS}"),
            )


def runs_of(record: Path, sweep_id: str) -> list[str]:
    """The ids of a sweep's runs."""
    with closing(sqlite3.connect(record, timeout=BUSY_SECONDS)) as database:
        rows = database.execute("SELECT run_uuid FROM tags WHERE key = ? AND value = ?", (TAG_SWEEP_ID, sweep_id))
        return [str(run) for (run,) in rows]


def sweep_of(record: Path, run_id: str) -> str | None:
    """The sweep that a run belongs to."""
    with closing(sqlite3.connect(record, timeout=BUSY_SECONDS)) as database:
        query = "SELECT value FROM tags WHERE key = ? AND run_uuid = ?"
        row = database.execute(query, (TAG_SWEEP_ID, run_id)).fetchone()
        return None if row is None else str(row[0])


def fetch_record(mirror: Mirror, *, at_once: bool = False) -> bool:
    """Takes MLflow's file from the bucket where another machine has written it since it was taken last (`at_once`:
    that one had, before this machine took the lease); whether there is one now."""
    found = mirror.bucket.found(RECORD)
    if found is None or (not at_once and mirror.is_ahead_in_record()):
        return (mirror.root / RECORD).is_file()
    version = f"{found.size_bytes} {found.mtime_ns}"
    kept, record = mirror.root / FETCHED, mirror.root / RECORD
    if not (record.is_file() and kept.is_file() and kept.read_text() == version):
        fresh = mirror.root / f".{RECORD}.fetched"
        mirror.bucket.download(RECORD, fresh)
        if not has_tables(fresh):
            fresh.unlink()
            return record.is_file()
        move_artifacts(fresh, mirror.root)
        fresh.replace(record)
        kept.write_text(version)
    return True


def fetch_sweep(mirror: Mirror, sweep_id: str) -> None:
    """The whole sweep as the bucket has it, but for its decoded sound: folder, MLflow's file, its runs' files."""
    mirror.fetch(sweep_id)
    mirror.drop_what_is_gone(sweep_id)
    if fetch_record(mirror):
        for run in runs_of(mirror.root / RECORD, sweep_id):
            mirror.fetch(f"{ARTIFACTS}/{run}")


def results_of(uri: str, *, field: str) -> Path:
    """The local folder of a URI, with the heads of its sweeps as the bucket has them. Raises InputError."""
    mirror = _opened(uri, field)
    if not driver_runs_here(mirror.root):
        mirror.fetch_heads()
    done()
    return mirror.root


def bring(results: Path, sweep_id: str, *, whole: bool = True) -> None:
    """Takes a sweep from the bucket where this results folder has one and another machine has written it since; not
    `whole`: its journals alone. Raises InputError where the bucket cannot be read."""
    mirror = Mirror.at(results)
    if mirror is None or mirror.is_ahead(sweep_id):
        return
    doing(f"fetching {sweep_id} from {mirror.bucket.uri}")
    if whole:
        fetch_sweep(mirror, sweep_id)
    else:
        mirror.fetch(sweep_id, only=(JOURNALS,))
    done()


def bring_run(uri: str, run_id: str) -> Path:
    """The local results folder, with the whole sweep of this run where the bucket has one. Raises InputError."""
    mirror = _opened(uri, "--results")
    if not driver_runs_here(mirror.root):
        mirror.fetch_heads()
        fetch_record(mirror)
    done()
    record = mirror.root / RECORD
    sweep_id = sweep_of(record, run_id) if record.is_file() else None
    if sweep_id is not None:
        bring(mirror.root, sweep_id)
    return mirror.root


def bring_sweep(address: str, *, whole: bool = True) -> Path:
    """The local folder of `s3://bucket/sweeps/SWEEP` (an id, a name: its latest, or the beginning of an id).

    Raises InputError where there is none.
    """
    uri, _, word = address.rstrip("/").rpartition("/")
    if not is_uri(f"{uri}/") or not word:
        raise InputError(f"SWEEP: {address!r} names no sweep; write URI/SWEEP, such as s3://bucket/sweeps/qwen_lora.")
    root = results_of(uri, field="SWEEP")
    there = sorted(path.parent.name for path in root.glob("*/sweep.json"))
    named = [name for name in there if re.fullmatch(rf"{re.escape(word)}-\d{{8}}-\d{{6}}-[0-9a-f]+", name)]
    begun = [name for name in there if name.startswith(word)]
    chosen = [name for name in there if name == word] or named[-1:] or begun
    if len(chosen) != 1:
        what = "no sweep" if not chosen else f"{len(chosen)} sweeps that begin with"
        raise InputError(f"SWEEP: {uri} holds {what} {word[:80]!r}; there are: {', '.join(there[-SHOWN:]) or 'none'}.")
    bring(root, chosen[0], whole=whole)
    return root / chosen[0]


def _opened(uri: str, field: str) -> Mirror:
    doing(f"reading {uri}")
    return Mirror.of(uri, writable=False, field=field)
