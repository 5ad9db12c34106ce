"""A real MLflow server behind a door that can be shut: what a sweep sees when its record goes away."""

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
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 240.0


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

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

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


@contextmanager
def behind_a_door(folder: Path, store: str | None = None) -> Iterator[Door]:
    """A server that keeps its files in `folder`, its runs in the database `store` or there too. Raises RuntimeError
    where it does not start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", store or f"sqlite:///{folder / 'served.db'}"]
    command += ["--artifacts-destination", str(folder / "served")]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(f"http://127.0.0.1:{port}/health"):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"MLflow's server did not start:\n{(folder / 'server.log').read_text()}")
            time.sleep(0.3)
        door = Door(port)
        yield door
        door.shut()
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # with its workers
        server.wait()


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).read()
    except OSError:
        return False
    return True
