"""A record that goes away and comes back: a real MLflow server behind a door that can be shut."""

from __future__ import annotations

import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.runs import read_sweep
from sweeps.orders import Hold
from sweeps.patience import Patient, is_away
from sweeps.tracking import Tracker
from trainables.errors import SweepStopped
from trainables.records import NO_FOLD


class Flaky:
    def __init__(self, failures: list[Exception]) -> None:
        self.failures, self.calls = failures, 0

    def set_tag(self, value: int) -> int:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return value


AWAY = Exception("API request to http://127.0.0.1:5000/api failed with exception HTTPConnectionPool(...)")


def test_a_call_is_made_until_it_is_taken() -> None:
    client = Flaky([AWAY, ConnectionRefusedError(), Exception("(sqlite3.OperationalError) database is locked")])
    assert Patient(client).set_tag(7) == 7
    assert client.calls == 4


def test_what_the_record_refuses_is_not_tried_again() -> None:
    client = Flaky([ValueError("INVALID_PARAMETER_VALUE: no such run")])
    with pytest.raises(ValueError, match="no such run"):
        Patient(client).set_tag(7)
    assert client.calls == 1


def test_patience_ends_and_then_the_sweep_does() -> None:
    client = Flaky([AWAY] * 100)
    patient = Patient(client, patience_seconds=0.6)
    assert patient.order().hold == Hold.NONE
    with pytest.raises(SweepStopped, match="has not answered"):
        patient.set_tag(7)
    calls = client.calls
    assert 2 <= calls <= 4
    assert patient.order().hold == Hold.END
    with pytest.raises(SweepStopped):
        patient.set_tag(8)
    assert client.calls == calls  # not asked any more


class Door:
    """A port that leads to another one while it is open; shut, it refuses, and cuts who is inside."""

    def __init__(self, port: int) -> None:
        door = self
        self.inside: list[socket.socket] = []

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                there = socket.create_connection(("127.0.0.1", port))
                door.inside += [self.request, there]
                back = threading.Thread(target=_copy, args=(there, self.request), daemon=True)
                back.start()
                _copy(self.request, there)
                back.join()

        self.handler = Handler
        self.port = 0
        self.open()

    def open(self) -> None:
        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", self.port), self.handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def shut(self) -> None:
        self.server.shutdown()
        self.server.socket.close()
        for connection in self.inside:
            connection.close()
        self.inside.clear()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path / 'served.db'}"]
    command += ["--artifacts-destination", str(tmp_path / "served")]
    with (tmp_path / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + 240
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).read()
                break
            except OSError:
                assert server.poll() is None, (tmp_path / "server.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.3)
        opened = Door(port)
        yield opened
        opened.shut()
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # with its workers
        server.wait()


@pytest.mark.slow  # a server takes half a minute to start
def test_a_server_that_goes_away_for_a_while_loses_nothing(door: Door, tmp_path: Path) -> None:
    """It goes away three times, in the middle of what is written behind the sweep's back and of what it waits for."""
    uri = f"http://127.0.0.1:{door.port}"
    tracker = Tracker(uri, tmp_path, "away", miniature=True)
    tracker.start_sweep("away-1", "name: away\n", {}, {"trials": 3})
    for number in range(3):
        timer = threading.Timer(2.5, door.open)
        door.shut()
        timer.start()
        run_id = tracker.open_run("explore", "trial", f"c{number}", f"t_{number:05d}", 42, NO_FOLD, {"rank": number})
        timer.join()
        for epoch in (1, 2, 3):
            tracker.log_epoch(run_id, epoch, {"val/accuracy": number + epoch / 10})
            if epoch == 2:
                door.shut()
                time.sleep(0.5)
                door.open()
        tracker.close_run(run_id, "completed")
    tracker.finish_sweep(metrics={"sweep/seconds": 1.0})

    sweep = read_sweep(uri, "away-1")
    assert list(sweep.runs.sort_values("params.rank")["params.rank"]) == ["0", "1", "2"]
    assert set(sweep.runs["tags.sweep.status"]) == {"completed"}
    curves = sweep.curves(["val/accuracy"])
    assert sorted(curves["value"]) == pytest.approx([n + e / 10 for n in range(3) for e in (1, 2, 3)])


def test_mlflows_own_words_for_a_server_that_is_away_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(Exception, match="failed with exception") as caught:
        MlflowClient(tracking_uri="http://127.0.0.1:9").search_experiments()
    assert is_away(caught.value)
