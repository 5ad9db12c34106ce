"""One store for a file of tests, and no server."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for all tests here: making its tables takes seconds. Its name has what paths may have."""
    folder = tmp_path_factory.mktemp("results") / "été & co"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
