"""An S3 server on 127.0.0.1 that can be away for a while and comes back with what it had (its files are in memory)."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen

from moto.server import ThreadedMotoServer

BUCKET = "sounds"
HOST = "127.0.0.1"


class S3:
    def __init__(self) -> None:
        self._server = ThreadedMotoServer(HOST, 0, verbose=False)
        self._server.start()
        _, self.port = self._server.get_host_and_port()
        self.address = f"http://{HOST}:{self.port}"
        urlopen(Request(f"{self.address}/moto-api/reset", method="POST"), timeout=30).close()
        urlopen(Request(f"{self.address}/{BUCKET}", method="PUT"), timeout=30).close()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test-secret",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def stop(self) -> None:
        """Nobody answers at its address until `go_on`."""
        self._server.stop()

    def go_on(self) -> None:
        for _ in range(50):  # connections of before may hold the port for a moment
            self._server = ThreadedMotoServer(HOST, self.port, verbose=False)
            self._server.start()
            try:
                urlopen(f"{self.address}/moto-api/", timeout=5).close()
                return
            except OSError:
                time.sleep(0.1)


@contextmanager
def s3_server() -> Iterator[S3]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = S3()
    try:
        yield server
    finally:
        server.stop()
