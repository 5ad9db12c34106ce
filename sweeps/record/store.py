"""Where the record lives, and how to look at it. Loads no mlflow."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from analysis.record.store import check_sqlite, shown, sqlite_path
from trainables.errors import InputError

UI_HOST = "127.0.0.1"
UI_PORT = 5001  # not MLflow's 5000, which macOS gives to AirPlay
DATABASE = "mlflow.db"
ARTIFACTS = "mlartifacts"


def default_uri(results: Path) -> str:
    """MLFLOW_TRACKING_URI where it is set, else a SQLite file in the results folder."""
    path = str(results.absolute() / DATABASE)
    for character in "%?#":  # the path is read as part of an address
        path = path.replace(character, quote(character))
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{path}"


def is_new(uri: str) -> bool:
    """Whether the record is a local database that is yet to be made, so that nothing in it can be wrong. Raises
    InputError where it cannot be."""
    path = sqlite_path(uri)
    if path is None or path.exists():
        return False
    check_sqlite(uri)
    return True


def is_server(uri: str) -> bool:
    return uri.startswith(("http://", "https://"))


def artifact_location(uri: str, results: Path) -> str | None:
    """Where a new experiment keeps its files: beside the results, unless a server decides (None)."""
    is_local = uri.startswith(("sqlite:", "file:")) or "://" not in uri
    return (results.absolute() / ARTIFACTS).as_uri() if is_local and not uri.startswith("databricks") else None


def ui_address(uri: str) -> str:
    """Where the record's pages are served: by the server itself, without its credentials, or by `ui_command`."""
    if not is_server(uri):
        return f"http://{UI_HOST}:{UI_PORT}"
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")


def ui_command(uri: str) -> str | None:
    """The command that serves the record's pages on this machine only, a database's password left out; None where a
    server does already."""
    if is_server(uri):
        return None
    beside_python = Path(sys.executable).parent / "mlflow"  # found even where its folder is not on the PATH
    program = str(beside_python) if beside_python.is_file() else "mlflow"
    return shlex.join([program, "ui", "--backend-store-uri", shown(uri), "--host", UI_HOST, "--port", str(UI_PORT)])


def find_experiment(client: Any, name: str, location: str | None) -> str:
    """The id of the experiment of this name, made where it is missing, with its files at `location`."""
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        created: str = client.create_experiment(name, artifact_location=location)
        return created
    if experiment.lifecycle_stage != "active":
        raise InputError(
            f"name: MLflow's experiment {name!r} was deleted; restore it there (mlflow experiments restore "
            f"--experiment-id {experiment.experiment_id}) or give the sweep another name."
        )
    found: str = experiment.experiment_id
    return found
