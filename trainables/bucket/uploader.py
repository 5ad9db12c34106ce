"""Copies a sweep's local folder into its bucket while the sweep runs, in a thread of its own.

A pass looks at the folder and uploads what is new or has changed. Journals are read before the folder is looked at and
uploaded after everything else, so that whatever a journal in the bucket speaks of is there; files that have gone are
taken out of the bucket after the next journals. A pass follows every event (`wake`) and at the latest IDLE_SECONDS.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from trainables.bucket.address import first_line
from trainables.bucket.kept import (
    ARTIFACTS,
    JOURNALS,
    RECORD,
    Stamp,
    is_kept,
    is_last,
    local_files,
    never_changes,
)
from trainables.bucket.lease import Lease
from trainables.bucket.mirror import TOGETHER, Mirror
from trainables.errors import SweepStopped

IDLE_SECONDS, REST_SECONDS = 3.0, 0.2
RECORD_SECONDS = 20.0  # MLflow's file is copied whole; what it lacks is written again from the journal
LAST_SECONDS = 120.0  # that the end of a sweep waits for the bucket


class Uploader:
    """`snapshot` makes a copy of MLflow's file, whoever writes to it, and says whether it could."""

    def __init__(
        self,
        mirror: Mirror,
        lease: Lease,
        sweep_id: str,
        *,
        snapshot: Callable[[Path, Path], bool],
    ) -> None:
        self.mirror, self.bucket, self.lease, self.sweep_id = mirror, mirror.bucket, lease, sweep_id
        self.snapshot = snapshot
        self.sent: dict[str, Stamp] = {}
        self.journals: dict[str, bytes] = {}  # as the bucket has them
        self.failure = ""
        self.uploaded_bytes = 0
        self._doomed: set[str] = set()  # files that have gone, still in the bucket
        self._record_due = 0.0
        self._asked, self._done = 1, 0  # passes: the first is due at once
        self._with_record = 0  # the pass that a flush waits for
        self._changed = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._upload, name="bucket-uploader", daemon=True)

    @property
    def gave_up(self) -> str:
        """Why nothing more is uploaded; empty while it is."""
        if self.lease.lost:
            return f"{self.bucket.uri} was taken over by a driver on {self.lease.lost}"
        if self.bucket.patience.gave_up:
            return self.bucket.patience.gave_up
        failure = self.failure or self.lease.failure
        return f"{self.bucket.uri} does not take this sweep ({failure})" if failure else ""

    def begin(self) -> None:
        """Takes what the bucket has already for sent: files that never change, of the same size."""
        there = self.bucket.listing(self.sweep_id) | self.bucket.listing(ARTIFACTS)
        here = self._here()
        for path, found in there.items():
            stamp = here.get(path)
            if stamp is None and path.startswith(f"{self.sweep_id}/") and is_kept(path):
                self._doomed.add(path)
            elif stamp is not None and stamp.size_bytes == found.size_bytes and never_changes(path):
                self.sent[path] = stamp
        self._thread.start()

    def wake(self) -> None:
        """Something has happened; returns at once."""
        with self._changed:
            self._asked += 1
            self._changed.notify_all()

    def flush(self) -> None:
        """Returns when the bucket has everything that is here now, MLflow's file included.

        Raises SweepStopped where it is not to be had any more.
        """
        with self._changed:
            # the pass under way may have looked already: the one after it
            wanted = self._with_record = self._asked = self._asked + 1
            self._changed.notify_all()
            while self._done < wanted and not self.gave_up:
                self._changed.wait(0.5)
        if self.gave_up:
            raise SweepStopped(self.gave_up)

    def end(self, *, wait_seconds: float = LAST_SECONDS) -> bool:
        """Uploads what is left, and waits for a store that is away `wait_seconds` at most; whether it has all of it."""
        self.bucket.patience.seconds = min(self.bucket.patience.seconds, wait_seconds)
        try:
            self.flush()
        except SweepStopped:
            return False
        finally:
            with self._changed:
                self._ending = True
                self._changed.notify_all()
            self._thread.join()
        return True

    def _upload(self) -> None:
        while True:
            with self._changed:
                if not self._ending and self._done >= self._asked:
                    self._changed.wait(IDLE_SECONDS)
                if self._ending:
                    return
                # events that come together are one pass
                self._changed.wait(REST_SECONDS)
                asked = self._asked
                record = time.monotonic() >= self._record_due or self._with_record > self._done
            try:
                self.pass_once(record=record)
            except SweepStopped:
                pass
            except Exception as error:  # whatever a store's library raises
                self.failure = first_line(error)
            with self._changed:
                self._done = max(self._done, asked)
                self._changed.notify_all()
                if self.gave_up:
                    return

    def pass_once(self, *, record: bool = True) -> None:
        """Uploads what is new, in the order that makes a bucket sound at every moment; `record`: MLflow's file too."""
        if self.lease.lost:
            return
        journals = self._read_journals()
        copy = self._record_copy() if record else None
        here = self._here()
        new = [path for path in here if not path.endswith(JOURNALS) and self.sent.get(path) != here[path]]
        with ThreadPoolExecutor(TOGETHER) as pool:
            for paths in (
                [path for path in new if not is_last(path)],
                [path for path in new if is_last(path)],
            ):
                for path, sent in zip(paths, pool.map(self._send, paths), strict=True):
                    if sent:
                        self.sent[path] = here[path]
                        self.uploaded_bytes += here[path].size_bytes
        if copy is not None:
            self.bucket.upload(copy, RECORD)
            self._record_due = time.monotonic() + RECORD_SECONDS
        for path, content in journals.items():
            if self.journals.get(path) != content:
                self.bucket.write(path, content)
                self.journals[path] = content
        for path in self._doomed - here.keys():
            self.bucket.remove(path)
        self._doomed = {path for path in self.sent if path not in here and path.startswith(f"{self.sweep_id}/")}
        for path in self._doomed:
            del self.sent[path]

    def _send(self, path: str) -> bool:
        """Whether it was there to be sent."""
        try:
            self.bucket.upload(self.mirror.root / path, path)
        except FileNotFoundError:
            return False
        return True

    def _here(self) -> dict[str, Stamp]:
        root = self.mirror.root
        return local_files(root, self.sweep_id) | local_files(root, ARTIFACTS)

    def _read_journals(self) -> dict[str, bytes]:
        """The sweep's own first: it may be behind those of its stages, and never ahead."""
        root = self.mirror.root
        paths = [path for path in local_files(root, self.sweep_id) if path.endswith(JOURNALS)]
        return {path: (root / path).read_bytes() for path in sorted(paths, key=lambda path: (path.count("/"), path))}

    def _record_copy(self) -> Path | None:
        """A copy of MLflow's file, where there is one and it has changed since the last."""
        record = self.mirror.root / RECORD
        try:
            seen = record.stat()
        except OSError:
            return None
        stamp = Stamp(seen.st_size, seen.st_mtime_ns)
        if self.sent.get(RECORD) == stamp:
            return None
        copy = self.mirror.root / f".{RECORD}.copy"
        if not self.snapshot(record, copy):
            return None
        self.sent[RECORD] = stamp
        return copy
