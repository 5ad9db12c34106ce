"""Where a record is, and the way in: the address that a command line means, and a client of a store that answers.

mlflow is imported when it is used.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit
from urllib.request import urlopen

from analysis.record.bundled import BundleClient, is_bundle
from analysis.record.from_bucket import bring_sweep
from analysis.record.new_store import copy_kept_tables, is_empty, keep_tables
from trainables.bucket.address import is_uri
from trainables.errors import InputError
from trainables.redact import redacted

STORE = "mlflow.db"
DEFAULT_RESULTS = Path("results")
HEALTH_TIMEOUT_SECONDS = 10.0
SQLITE_TIMEOUT_SECONDS = 30.0  # another sweep may be making the tables
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",  # a machine without git is no reason for a warning
}


def store_of(tracking_uri: str | None) -> str:
    """The given store, the environment's, or the one in ./results; a new one is never made.

    Raises InputError where there is none.
    """
    chosen = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
    if chosen:
        path = Path(unquote(chosen.removeprefix("sqlite:///").partition("?")[0]))
        if chosen.startswith("sqlite:///") and not path.is_file():
            raise InputError(
                f"There is no MLflow store at {shown(chosen)}; check --tracking-uri or MLFLOW_TRACKING_URI."
            )
        return chosen
    local = DEFAULT_RESULTS.absolute() / STORE
    if not local.is_file():
        raise InputError(
            f"No MLflow store is known: {DEFAULT_RESULTS / STORE} does not exist here; give --tracking-uri or set "
            "MLFLOW_TRACKING_URI."
        )
    return _sqlite(local)


def sweep_and_store(word: str, tracking_uri: str | None) -> tuple[str, str]:
    """(sweep, store) of SWEEP: an id, the beginning of one, a name, or a sweep's folder or URI, which has its store
    beside it.

    Raises InputError where there is no store.
    """
    folder = bring_sweep(word) if is_uri(word) else Path(word)
    if folder.is_dir() and (folder / "sweep.yaml").is_file():
        beside = _sqlite(folder.absolute().parent / STORE)
        return folder.absolute().name, tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or beside
    return word, store_of(tracking_uri)


def _sqlite(path: Path) -> str:
    return "sqlite:///" + quote(str(path), safe="/: ")


def connect(uri: str) -> Any:
    """An MlflowClient on a store that answers; MLflow's own messages below errors, and its telemetry, are off.

    Of `bundle:FILE` (`bundled.py`) what answers in its place. Makes the tables of a new SQLite store, which takes
    seconds the first time (`new_store`). Raises InputError where the store cannot be reached or opened.
    """
    if is_bundle(uri):
        return BundleClient(uri)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if uri.startswith(("http://", "https://")):
        _check_server(uri)
    path = sqlite_path(uri)
    made_here = False
    if path is not None:
        check_sqlite(uri)
        made_here = is_empty(path) and not copy_kept_tables(path)
    from mlflow import MlflowClient

    for logger in ("mlflow", "alembic"):
        logging.getLogger(logger).setLevel(logging.ERROR)
    try:
        client = MlflowClient(tracking_uri=uri)
        client.search_experiments(max_results=1)
    except Exception as error:  # whatever the store's driver raises: mlflow, sqlalchemy, sqlite3, requests, OSError
        reason = redacted((str(error).strip().splitlines() or [type(error).__name__])[0])
        raise InputError(
            f"MLflow's store {shown(uri)} cannot be opened ({reason}); check "
            "MLFLOW_TRACKING_URI, or leave it unset to record in the results folder."
        ) from error
    if path is not None and made_here:
        keep_tables(path)
    return client


def shown(uri: str) -> str:
    """An address without its user and password."""
    parts = urlsplit(uri)
    return uri.replace(f"{parts.netloc.rpartition('@')[0]}@", "", 1) if "@" in parts.netloc else uri


def sqlite_path(uri: str) -> Path | None:
    """The file of a SQLite store; None where it is none."""
    return Path(unquote(uri.removeprefix("sqlite:///").partition("?")[0])) if uri.startswith("sqlite:///") else None


def check_sqlite(uri: str) -> None:
    """Opens the file once, for writing: MLflow's own client would try for minutes. Raises InputError."""
    path = sqlite_path(uri)
    assert path is not None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=SQLITE_TIMEOUT_SECONDS)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("SELECT count(*) FROM sqlite_master")
            connection.rollback()
    except (sqlite3.Error, OSError) as error:
        raise InputError(
            f"MLflow's database {str(path)!r} cannot be opened for writing ({error}); check MLFLOW_TRACKING_URI, or "
            "choose another folder with results=FOLDER."
        ) from error


def _check_server(uri: str) -> None:
    """Asks once, with a time limit: MLflow's own client would try for minutes."""
    try:
        with urlopen(f"{shown(uri).rstrip('/')}/health", timeout=HEALTH_TIMEOUT_SECONDS):
            return
    except HTTPError:
        return  # somebody answers; whether we are let in is seen when the store is asked
    except (URLError, OSError, ValueError) as error:
        raise InputError(
            f"No MLflow server answers at {shown(uri)} ({getattr(error, 'reason', error)}); start it, correct "
            "MLFLOW_TRACKING_URI, or leave it unset to record in the results folder."
        ) from error
