"""A new record is a copy of tables that MLflow made once, and MLflow takes it for its own."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from analysis.record.new_store import copy_kept_tables, is_empty
from analysis.record.store import connect


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(folder))
    return folder


def described(path: Path) -> tuple[set[tuple[str, str]], list[tuple[str]]]:
    with closing(sqlite3.connect(path)) as connection:
        named = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
        return set(connection.execute(named)), list(connection.execute("SELECT version_num FROM alembic_version"))


def test_the_second_record_is_as_mlflow_makes_it(tmp_path: Path, cache: Path) -> None:
    first, second = tmp_path / "a" / "mlflow.db", tmp_path / "b" / "mlflow.db"
    connect(f"sqlite:///{first}").create_experiment("only in the first")
    (kept,) = cache.glob("mlflow-*.db")
    client = connect(f"sqlite:///{second}")
    assert described(second) == described(first) == described(kept)
    assert [experiment.name for experiment in client.search_experiments()] == ["Default"]
    run = client.create_run(client.create_experiment("speech"))
    client.log_metric(run.info.run_id, "loss", 0.5, step=3)
    assert client.get_run(run.info.run_id).data.metrics == {"loss": 0.5}


def test_a_copy_spends_next_to_nothing(tmp_path: Path, cache: Path) -> None:
    connect(f"sqlite:///{tmp_path / 'first.db'}")
    path = tmp_path / "second.db"
    before = time.process_time()
    assert copy_kept_tables(path)
    assert time.process_time() - before < 1.0  # the migrations take 2 to 4
    assert not is_empty(path)


def test_a_record_with_tables_is_left_alone(tmp_path: Path, cache: Path) -> None:
    connect(f"sqlite:///{tmp_path / 'first.db'}")
    path = tmp_path / "of_somebody.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mine (a)")
    assert not copy_kept_tables(path)
    assert {name for name, _ in described_tables(path)} == {"mine"}


def described_tables(path: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return set(connection.execute("SELECT name, sql FROM sqlite_master"))


def test_a_damaged_copy_leaves_the_making_to_mlflow(tmp_path: Path, cache: Path) -> None:
    connect(f"sqlite:///{tmp_path / 'first.db'}")
    (kept,) = cache.glob("mlflow-*.db")
    kept.write_bytes(b"no database")
    path = tmp_path / "second.db"
    assert not copy_kept_tables(path)
    assert is_empty(path)
    assert connect(f"sqlite:///{path}").search_experiments()


def test_a_cache_that_cannot_be_written_is_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "file" / "cache"))
    assert connect(f"sqlite:///{tmp_path / 'mlflow.db'}").search_experiments()
