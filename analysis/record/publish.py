"""Puts a finished report where the sweep's record is, and finds what an earlier one left there: the one file here that
writes to MLflow."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from analysis.record.store import connect, shown
from trainables.errors import InputError

ARTIFACT_FOLDER = "report"


def publish(tracking_uri: str, run_id: str, folder: Path) -> None:
    """Copies `folder` to the run's artifacts, under `report/`. Raises InputError where the store does not take it."""
    try:
        connect(tracking_uri).log_artifacts(run_id, str(folder), ARTIFACT_FOLDER)
    except InputError:
        raise
    except Exception as error:  # the artifact stores have no error in common
        reason = str(error).strip().splitlines()
        raise InputError(
            f"The report is in {folder.name}, but {shown(tracking_uri)} does not take it "
            f"({reason[0] if reason else type(error).__name__})."
        ) from error


def published(tracking_uri: str, run_id: str, folder: str) -> Callable[[str], bytes | None]:
    """Reads files of a folder of the report that is in the record; None of what is not there."""
    client = connect(tracking_uri)
    where = f"{ARTIFACT_FOLDER}/{folder}"
    try:
        names = {entry.path for entry in client.list_artifacts(run_id, where)}
    except Exception:  # the artifact stores have no error in common; an earlier report need not be there
        names = set()

    def read(name: str) -> bytes | None:
        path = f"{where}/{name}"
        if path not in names:
            return None
        with tempfile.TemporaryDirectory() as temporary:
            try:
                return Path(client.download_artifacts(run_id, path, temporary)).read_bytes()
            except Exception:  # as above
                return None

    return read
