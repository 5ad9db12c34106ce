"""Hooks are called for real, and what goes wrong with them is said without what they hold."""

from __future__ import annotations

import shlex
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from sweeps.config.spec import NotifySpec
from sweeps.stage.hooks import TAKEN, hooks_of, post, run
from trainables.errors import InputError

SECRET = "s3cr3t-0123456789"


class Server(ThreadingHTTPServer):
    """Keeps what is posted to it; the path says what it answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.got: list[tuple[str, str, bytes]] = []
        self.address = f"http://127.0.0.1:{self.server_address[1]}"


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Content-Type"], body))
        if self.path == "/slow":
            time.sleep(3)
        status = int(self.path[1:]) if self.path[1:].isdigit() else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.got.append((self.path, "", b""))

    def log_message(self, format: str, *given: object) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_webhook_gets_one_json_object(server: Server) -> None:
    assert post(f"{server.address}/hook?token={SECRET}", b'{"state": "finished"}') == TAKEN
    assert server.got == [(f"/hook?token={SECRET}", "application/json", b'{"state": "finished"}')]


def test_a_webhook_that_does_not_take_it_is_said_in_words(server: Server) -> None:
    assert post(f"{server.address}/500", b"{}") == "HTTP status 500"
    assert post(f"{server.address}/302", b"{}") == "HTTP status 302"
    assert all(path != "/elsewhere" for path, _, _ in server.got)
    assert post(f"{server.address}/slow", b"{}", seconds=0.3) == "no answer in 0.3 s"
    closed = server.address
    server.shutdown()
    server.server_close()
    said = post(f"{closed}/{SECRET}", b"{}")
    assert said == "Connection refused"


def test_a_command_gets_it_on_standard_input(tmp_path: Path) -> None:
    program = "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())"
    target = tmp_path / "a file.json"
    assert run((sys.executable, "-c", program, str(target)), b'{"state": "trouble"}') == TAKEN
    assert target.read_bytes() == b'{"state": "trouble"}'


def test_a_command_that_fails_or_never_reads_is_said_in_words() -> None:
    assert run((sys.executable, "-c", "raise SystemExit(3)"), b"{}") == "exit status 3"
    assert run((sys.executable, "-c", "pass"), b"x" * 2_000_000) == TAKEN
    assert run(("/nowhere/program",), b"{}") == "No such file or directory"


def test_a_command_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 600 & echo $! > {shlex.quote(str(pids))}; wait"
    started = time.monotonic()
    assert run(("sh", "-c", script), b"{}", seconds=1.0) == "not done in 1 s, and ended"
    assert time.monotonic() - started < 30
    child = int(pids.read_text())
    until = time.monotonic() + 20
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_what_the_variables_hold_is_checked_before_anything_starts() -> None:
    spec = NotifySpec(webhook="SWEEP_WEBHOOK", command="SWEEP_COMMAND")
    found = hooks_of(spec, {"SWEEP_WEBHOOK": " https://host/x ", "SWEEP_COMMAND": "sh -c 'cat > x'"})
    assert (found.webhook, found.command) == ("https://host/x", ("sh", "-c", "cat > x"))
    assert not hooks_of(NotifySpec(), {})
    with pytest.raises(InputError) as error:
        hooks_of(spec, {})
    assert [problem.partition(":")[0] for problem in error.value.problems] == ["notify.webhook", "notify.command"]


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "ftp://host/x", "https:///", "host/path", "http://host:99999/", "http://a b/", "http://é/"],
)
def test_other_addresses_are_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(InputError, match="SWEEP_W holds no http") as error:
        hooks_of(NotifySpec(webhook="SWEEP_W"), {"SWEEP_W": f"{address}{SECRET}"})
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("command", ["no-such-program-here {}", "'open quote {}", "''"])
def test_other_commands_are_refused_and_not_repeated(command: str) -> None:
    with pytest.raises(InputError, match=r"notify\.command: SWEEP_C") as error:
        hooks_of(NotifySpec(command="SWEEP_C"), {"SWEEP_C": command.replace("{}", SECRET)})
    assert SECRET not in str(error.value)


def test_a_password_in_the_address_is_refused() -> None:
    with pytest.raises(InputError, match="before its @") as error:
        hooks_of(NotifySpec(webhook="SWEEP_W"), {"SWEEP_W": f"https://me:{SECRET}@host/"})
    assert SECRET not in str(error.value)
    assert SECRET not in repr(hooks_of(NotifySpec(webhook="SWEEP_W"), {"SWEEP_W": f"https://host/{SECRET}"}))
