"""Requests and answers in a sweep's folder: none is lost, and whatever stands there is read or passed over."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.control import requests
from sweeps.control.requests import Inbox, ask
from sweeps.state.workspace import Workspace


def _ask_many(folder: Path, number: int) -> None:
    for index in range(10):
        ask(Workspace(folder.parent, folder.name), "stop", f"{number}-{index}")


def test_many_terminals_at_once_lose_nothing(workspace: Workspace) -> None:
    processes = [
        multiprocessing.get_context("fork").Process(target=_ask_many, args=(workspace.folder, n)) for n in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    found = [request.trial for request in requests.requests(workspace)]
    assert sorted(found) == sorted(f"{n}-{i}" for n in range(3) for i in range(10))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.binary(max_size=200) | st.dictionaries(st.text(max_size=6), st.text(max_size=6)).map(json.dumps).map(str.encode)
)
def test_whatever_stands_in_the_mailbox_is_read_or_passed_over(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder), "s-1")
        workspace.folder.mkdir()
        (workspace.folder / requests.ASKED).write_bytes(content)
        assert Inbox(workspace).pending() == []
