"""A PostgreSQL of the test's own on 127.0.0.1, from Debian's `postgresql`; it asks for a password, as servers do."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

USER, PASSWORD = "sweeps", "not-a-secret"
SYSTEM_USER = "postgres"  # it refuses to be root


def programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`; None where there is none that this user could start."""
    found = shutil.which("pg_ctl")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    as_root = os.geteuid() == 0 and SYSTEM_USER not in {entry.pw_name for entry in pwd.getpwall()}
    return places[-1] if places and (places[-1] / "initdb").exists() and not as_root else None


class Postgres:
    def __init__(self, folder: Path) -> None:
        found = programs()
        assert found is not None
        self.folder, self._programs = folder, found
        self._user = SYSTEM_USER if os.geteuid() == 0 else None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        password = folder / "password"
        password.write_text(PASSWORD)
        if self._user:
            for path in (folder, password):
                shutil.chown(path, self._user)
        self._do("initdb", "--auth", "scram-sha-256", "--username", USER, "--pwfile", str(password), "--no-sync")
        self.start()

    @property
    def uri(self) -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-h 127.0.0.1 -p {self.port} -k {self.folder} -c fsync=off"
        self._do("pg_ctl", "--wait", "--log", str(self.folder / "log"), "--options", options, "start")

    def stop(self) -> None:
        """At once: whoever asks is cut off in the middle."""
        self._do("pg_ctl", "--wait", "--mode", "fast", "stop")

    def _do(self, program: str, *options: str) -> None:
        command = [str(self._programs / program), "--pgdata", str(self.folder / "data"), *options]
        with (self.folder / "commands.log").open("a") as log:  # a pipe would be held open by the server
            done = subprocess.run(command, cwd=self.folder, user=self._user, stdout=log, stderr=log, check=False)
        assert done.returncode == 0, (self.folder / "commands.log").read_text()


@contextmanager
def postgres() -> Iterator[Postgres]:
    folder = Path(mkdtemp(prefix="pg", dir="/tmp"))  # another user has to come into it
    try:
        server = Postgres(folder)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
