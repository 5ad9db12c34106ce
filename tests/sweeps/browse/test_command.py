"""The command line, and that the pages are served where it says."""

from __future__ import annotations

import socket
import urllib.request
from pathlib import Path
from threading import Thread

import pytest

from sweeps.browse.app import make_app, prepare
from sweeps.browse.command import PORT, folder_of, main, parse, server
from sweeps.state.journal import Tail
from sweeps.state.workspace import Workspace
from tests.sweeps.browse.made_up import HOST, TOKEN, searched
from trainables.errors import InputError


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a", "b"], "one results folder"),
        (["--port", "0"], "a port from 1 to 65535"),
        (["--port", "eighty"], "a port from 1 to 65535"),
        (["--token", "short"], "at least 12"),
        (["--token", "with spaces in it"], "letters, digits"),
        (["--host", "0.0.0.0"], "is not an option"),
    ],
)
def test_what_cannot_be_understood_is_said(words: list[str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(words)
    assert message in " ".join(caught.value.problems)


def test_all_problems_at_once() -> None:
    with pytest.raises(InputError) as caught:
        parse(["a", "b", "--port", "x", "--token", "y"])
    assert len(caught.value.problems) == 3


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none")]) == 2
    assert "is no folder" in capsys.readouterr().err
    assert folder_of(parse([str(tmp_path)])) == tmp_path


def test_it_listens_on_this_machine_alone(workspace: Workspace) -> None:
    serving = server(workspace.results, None, TOKEN)
    thread = Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    try:
        assert serving.host == "127.0.0.1"
        assert PORT <= serving.port < PORT + 20
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://127.0.0.1:{serving.port}/", timeout=10)
        with pytest.raises(InputError, match="in use"):
            server(workspace.results, serving.port, TOKEN)
        other = server(workspace.results, None, TOKEN)
        assert other.port != serving.port
        other.server_close()
    finally:
        serving.shutdown()
        thread.join()
        serving.server_close()


def test_every_port_taken_is_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    monkeypatch.setattr("sweeps.browse.command.PORT", taken.getsockname()[1])
    monkeypatch.setattr("sweeps.browse.command.PORTS_TRIED", 1)
    with pytest.raises(InputError, match="in use"):
        server(workspace.results, None, TOKEN)
    taken.close()


def test_the_first_page_finds_everything_prepared(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    searched(workspace, 20)
    app = make_app(workspace.results, TOKEN)
    prepare(app)
    client = app.test_client()
    client.environ_base["HTTP_HOST"] = HOST
    client.get(f"/?token={TOKEN}")
    monkeypatch.setattr(Tail, "new", lambda self: pytest.fail("read again") if self.read_bytes == 0 else [])
    monkeypatch.setattr(app.jinja_env, "compile", lambda *source, **how: pytest.fail("compiled again"))
    assert b"trial_00003" in client.get(f"/sweeps/{workspace.sweep_id}/").data
