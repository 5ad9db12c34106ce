"""Where the record is that a command line speaks of: a given address, the environment's, a results folder's."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, unquote

from analysis.record.reader import shown
from trainables.errors import InputError

STORE = "mlflow.db"
DEFAULT_RESULTS = Path("results")


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
    """(sweep, store) of SWEEP: an id, the beginning of one, a name, or a sweep's folder, which has its store beside it.

    Raises InputError where there is no store.
    """
    folder = Path(word)
    if folder.is_dir() and (folder / "sweep.yaml").is_file():
        beside = _sqlite(folder.absolute().parent / STORE)
        return folder.absolute().name, tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or beside
    return word, store_of(tracking_uri)


def _sqlite(path: Path) -> str:
    return "sqlite:///" + quote(str(path), safe="/: ")
