"""Puts a finished report where the sweep's record is: the one file here that writes to MLflow."""

from __future__ import annotations

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
