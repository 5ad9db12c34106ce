"""MLflow's file on another machine: whole, though it is written meanwhile, and with this machine's folders in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from analysis.record.from_bucket import move_artifacts, runs_of, snapshot, sweep_of

TABLES = """
CREATE TABLE experiments (artifact_location TEXT);
CREATE TABLE runs (run_uuid TEXT, artifact_uri TEXT);
CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);
INSERT INTO experiments VALUES ('file:///home/a/.cache/x/mlartifacts'), ('s3://elsewhere/mlartifacts');
INSERT INTO runs VALUES ('r1', 'file:///home/a/.cache/x/mlartifacts/r1/artifacts'), ('r2', '/home/mlruns/r2');
INSERT INTO tags VALUES ('sweep.id', 'tones-1', 'r1'), ('sweep.id', 'horns-1', 'r2'), ('sweep.role', 'tones-1', 'r3');
"""


def test_a_copy_is_whole_and_its_folders_are_here(tmp_path: Path) -> None:
    record, copy = tmp_path / "mlflow.db", tmp_path / "copy.db"
    with closing(sqlite3.connect(record)) as database:
        database.executescript(TABLES)
        database.execute("INSERT INTO runs VALUES ('r4', 'not committed')")
        assert snapshot(record, copy)
    move_artifacts(copy, tmp_path / "a b")
    with closing(sqlite3.connect(copy)) as database:
        locations = [row for (row,) in database.execute("SELECT artifact_location FROM experiments")]
        uris = dict(database.execute("SELECT run_uuid, artifact_uri FROM runs"))
    here = (tmp_path / "a b").as_uri()
    assert locations == [f"{here}/mlartifacts", "s3://elsewhere/mlartifacts"]
    assert uris == {"r1": f"{here}/mlartifacts/r1/artifacts", "r2": "/home/mlruns/r2"}
    assert runs_of(copy, "tones-1") == ["r1"]
    assert sweep_of(copy, "r2") == "horns-1"
    assert sweep_of(copy, "r3") is None


def test_a_file_that_mlflow_has_only_begun_is_no_record(tmp_path: Path) -> None:
    record, copy = tmp_path / "mlflow.db", tmp_path / "copy.db"
    record.touch()
    assert not snapshot(record, copy)
    with closing(sqlite3.connect(record)) as database:
        database.executescript(TABLES)
    assert snapshot(record, copy)
