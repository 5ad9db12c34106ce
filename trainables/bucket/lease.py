"""Who writes behind a URI: one driver at a time, which says every few seconds that it still does.

The lease is a small file there (`driver.json`). Its age is measured by the store's own clock (the time of the lease
against that of a file written now), so that machines whose clocks are apart agree. It is a promise and no lock: stores
have none that pyarrow could take. Two drivers that take it within the same second are told apart by reading it again
after SETTLE_SECONDS, and a driver that finds another one's name in it ends its sweep in good order.

It also says whose local folder wrote MLflow's file last; `WRITER` in a sweep's folder says it of that sweep. Such a
local folder may be ahead of the bucket, every other one is behind.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from trainables.bucket.address import first_line
from trainables.bucket.bucket import Bucket
from trainables.errors import InputError, SweepStopped

LEASE = "driver.json"
WRITER = ".writer.json"
RENEW_SECONDS, EXPIRES_SECONDS = 10.0, 60.0
SETTLE_SECONDS, LOOK_SECONDS, BEAT_SECONDS = 1.0, 2.0, 2.0


@dataclass(frozen=True)
class Holder:
    folder: str  # the id of the local folder that it writes
    session: str  # of the driver, anew in every session
    host: str
    pid: int
    sweep: str = ""
    beat: int = 0  # grows with every renewal
    released: bool = False

    @classmethod
    def read(cls, bucket: Bucket, path: str = LEASE) -> Holder | None:
        """None where nobody has ever held it, or what stands there is no lease."""
        try:
            return cls(**json.loads(bucket.read(path)))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    @property
    def shown(self) -> str:
        return f"{self.host} (process {self.pid})"


class Lease:
    """`folder`: the id of the local folder. Its owner sees to it that no other process of this machine has it.

    From `take` to `release` a thread renews it, and calls `beside` each time it looks.
    """

    def __init__(self, bucket: Bucket, folder: str, *, expires_seconds: float = EXPIRES_SECONDS) -> None:
        self.bucket, self.expires_seconds = bucket, expires_seconds
        self.own = Holder(folder, uuid.uuid4().hex, socket.gethostname(), os.getpid())
        self.lost = ""  # to whom
        self.failure = ""  # why nobody looks any more
        self.beside: Callable[[], None] = lambda: None
        self._renewed = 0.0
        self._over = threading.Event()
        self._beats = threading.Thread(target=self._beat, name="bucket-lease", daemon=True)

    def take(self, say: Callable[[str], None] = lambda text: None) -> Holder | None:
        """Returns who held it before, None where nobody did. Waits where another driver's last sign is younger than
        `expires_seconds`, until that one shows that it lives or has been silent for so long.

        Raises InputError where another driver holds it.
        """
        before = seen = Holder.read(self.bucket)
        told = False
        while seen is not None and not seen.released and seen.folder != self.own.folder:
            age_seconds = self.age_seconds()
            if age_seconds >= self.expires_seconds:
                break
            if before is not None and (seen.session, seen.beat) != (before.session, before.beat):
                raise InputError(self._refused(seen))
            if not told:
                told = True
                say(
                    f"{self.bucket.uri} was in use by {seen.shown} {age_seconds:.0f} s ago; waits up to "
                    f"{self.expires_seconds - age_seconds:.0f} s to see whether it still is"
                )
            time.sleep(min(LOOK_SECONDS, self.expires_seconds / 4))
            seen = Holder.read(self.bucket)
        self._write()
        time.sleep(min(SETTLE_SECONDS, self.expires_seconds / 4))
        now = Holder.read(self.bucket)
        if now is not None and now.session != self.own.session:
            raise InputError(self._refused(now))
        self._beats.start()
        return seen

    def age_seconds(self) -> float:
        """How old the lease's last sign is, by the store's clock; infinite where there is none."""
        probe = f".now-{self.own.session[:12]}"
        self.bucket.write(probe, b"")
        try:
            lease, now = self.bucket.found(LEASE), self.bucket.found(probe)
        finally:
            self.bucket.remove(probe)
        if lease is None or now is None:
            return float("inf")
        return (now.mtime_ns - lease.mtime_ns) / 1e9

    def of_sweep(self, sweep_id: str) -> None:
        """From now on this driver's local folder is the one that may be ahead in this sweep."""
        self.own = replace(self.own, sweep=sweep_id)
        self.bucket.write(f"{sweep_id}/{WRITER}", json.dumps(asdict(self.own)).encode())

    def renew(self, *, at_once: bool = False) -> bool:
        """Whether this driver still holds it; asks every RENEW_SECONDS."""
        if not at_once and time.monotonic() - self._renewed < min(RENEW_SECONDS, self.expires_seconds / 4):
            return not self.lost
        now = Holder.read(self.bucket)
        if now is not None and now.session != self.own.session:
            self.lost = now.shown
        if not self.lost:
            self._write()
        return not self.lost

    def release(self) -> None:
        """Another driver may take it at once. Raises SweepStopped where the store is not there to be told."""
        self._over.set()
        if self._beats.is_alive():
            self._beats.join()
        if self.renew(at_once=True):
            self.own = replace(self.own, released=True)
            self._write()

    def _beat(self) -> None:
        """In a thread of its own: a large upload may take longer than a lease lives."""
        while not self._over.wait(min(BEAT_SECONDS, self.expires_seconds / 4)):
            try:
                if not self.renew():
                    return
                self.beside()
            except SweepStopped:
                return
            except Exception as error:  # whatever a store's library raises
                self.failure = first_line(error)
                return

    def _write(self) -> None:
        self.own = replace(self.own, beat=self.own.beat + 1)
        self.bucket.write(LEASE, json.dumps(asdict(self.own)).encode())
        self._renewed = time.monotonic()

    def _refused(self, other: Holder) -> str:
        return (
            f"results: {self.bucket.uri} is in use by another driver, on {other.shown}"
            f"{f', for {other.sweep}' if other.sweep else ''}: wait for it, or give this sweep a folder of its own, "
            f"results={self.bucket.uri}/OTHER."
        )
