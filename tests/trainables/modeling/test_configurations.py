"""Files of a checkpoint that the hub has: asked for where it answers, and given up at once where it does not. What the
configurations themselves may be: test_sizes.py."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from huggingface_hub import constants

from trainables.modeling.configurations import find, hub_answers


class Hub(BaseHTTPRequestHandler):
    """It answers, and has nothing."""

    def do_HEAD(self) -> None:
        self.send_response(404)
        self.end_headers()

    do_GET = do_HEAD

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    hub_answers.cache_clear()
    yield
    hub_answers.cache_clear()


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_a_hub_that_cannot_be_reached_is_given_up_at_once(
    closed_port: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{closed_port}")
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda *a, **k: pytest.fail("asked for a file"))
    began = time.monotonic()
    assert [find("acme/absent", file, fetch=True) for file in ("config.json", "README.md")] == [None, None]
    assert time.monotonic() - began < 5  # the library's own patience is half a minute for each
    assert capfd.readouterr().err == ""


def test_one_that_answers_is_asked_for_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    server = HTTPServer(("127.0.0.1", 0), Hub)
    Thread(target=server.serve_forever, daemon=True).start()
    asked: list[str] = []
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda name, file, **how: asked.append(file) or "/found")
    try:
        assert str(find("acme/there", "config.json", fetch=True)) == "/found"
    finally:
        server.shutdown()
        server.server_close()
    assert asked == ["config.json"]


def test_nobody_is_asked_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.get_session", lambda: pytest.fail("asked the hub"))
    assert find("acme/absent", "config.json", fetch=True) is None
