"""A sweep's folder, a sweep that runs there, and somebody who has come in with the token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from sweeps.browse.app import make_app
from sweeps.state.workspace import Workspace
from tests.sweeps.browse.made_up import HOST, TOKEN, Pacer, begin


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return begin(tmp_path / "results")


@pytest.fixture
def paced(workspace: Workspace) -> Iterator[Callable[[float], Pacer]]:
    """Starts the sweep of `workspace` in a thread; it is ended with the test."""
    started: list[Pacer] = []

    def start(epoch_seconds: float) -> Pacer:
        pacer = Pacer(workspace, epoch_seconds)
        started.append(pacer)
        pacer.start()
        assert pacer.begun.wait(20), pacer.error
        return pacer

    yield start
    for pacer in started:
        pacer.enough.set()
        pacer.join(20)
        assert pacer.error is None


@pytest.fixture
def client(workspace: Workspace) -> FlaskClient:
    """Somebody who has come in with the token."""
    found = make_app(workspace.results, TOKEN).test_client()
    found.environ_base["HTTP_HOST"] = HOST
    assert found.get(f"/?token={TOKEN}").status_code == 302
    return found
