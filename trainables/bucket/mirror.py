"""The local folder of a URI: what a sweep writes first, and what is filled from the bucket on another machine.

It lies in the cache, one for each URI and server. A sweep writes here alone, and `Uploader` copies what is here; a
machine that was not the last to write takes what the bucket has. While no sweep runs, the folder may be deleted: it is
filled again.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from trainables.bucket.bucket import Bucket, Found
from trainables.bucket.kept import is_kept, local_files
from trainables.bucket.lease import WRITER, Holder
from trainables.cache import cache_folder
from trainables.locks import holding, is_held

FOLDERS = "buckets"  # in the cache
MARK, LOCK = ".bucket.json", "driver.lock"
TOGETHER = 8  # files that are moved at once: most of the time of a small one is a wait for the answer
HEAD_BYTES = 50_000_000  # more than any file at the top of a sweep; weights are below


class Mirror:
    """`root` is a results folder like any other."""

    def __init__(self, bucket: Bucket, root: Path) -> None:
        self.bucket, self.root = bucket, root
        root.mkdir(parents=True, exist_ok=True)
        known = _marked(root, "id")
        self.id = uuid.uuid4().hex if known is None else known
        if known is None:
            (root / MARK).write_text(json.dumps({"uri": bucket.uri, "id": self.id}))

    @classmethod
    def of(cls, uri: str, *, writable: bool, field: str = "results") -> Mirror:
        """Raises InputError where there is no such bucket, or it cannot be read or written."""
        bucket = Bucket.checked(uri, writable=writable, field=field)
        return cls(bucket, folder_of(bucket))

    @classmethod
    def at(cls, root: Path) -> Mirror | None:
        """The one whose folder this is; None for a results folder without a bucket, and while a driver on this machine
        writes it, which is ahead of the bucket. Raises InputError as `of`."""
        uri = uri_of(root)
        if uri is None or driver_runs_here(root):
            return None
        return cls(Bucket.checked(uri, writable=False, field="--results"), root)

    def is_ahead(self, sweep_id: str) -> bool:
        """Whether no other machine has written this sweep since this folder did."""
        writer = Holder.read(self.bucket, f"{sweep_id}/{WRITER}")
        return writer is None or writer.folder == self.id

    def is_ahead_in_record(self) -> bool:
        """The same of MLflow's file, which all sweeps share."""
        holder = Holder.read(self.bucket)
        return holder is None or holder.folder == self.id

    @contextmanager
    def held(self) -> Iterator[None]:
        """Around everything that writes: no second process of this machine. Raises InputError where there is one."""
        refused = (
            f"results: {self.bucket.uri} is in use by another process of this machine: wait for it, or give this "
            f"sweep a folder of its own, results={self.bucket.uri}/OTHER."
        )
        with holding(self.root / LOCK, refused):
            yield

    def fetch_heads(self) -> None:
        """What says which sweeps there are and how they stand: the files at the top of each, not those below."""
        with ThreadPoolExecutor(TOGETHER) as pool:
            list(pool.map(self._fetch_head, filter(is_kept, self.bucket.folders())))

    def _fetch_head(self, sweep_id: str) -> None:
        if not self.is_ahead(sweep_id):
            there = self.bucket.listing(sweep_id, deep=False)
            self._fetch({path: found for path, found in there.items() if found.size_bytes <= HEAD_BYTES})

    def fetch(self, below: str, *, only: Collection[str] = ()) -> None:
        """Everything of a folder (`only`: files with these endings) as the bucket has it."""
        there = self.bucket.listing(below)
        self._fetch({path: found for path, found in there.items() if not only or path.endswith(tuple(only))})

    def drop_what_is_gone(self, below: str) -> None:
        """Files of a sweep that the bucket does not have (any more)."""
        there = self.bucket.listing(below)
        for path in local_files(self.root, below).keys() - there.keys():
            (self.root / path).unlink(missing_ok=True)

    def _fetch(self, wanted: dict[str, Found]) -> None:
        new = [path for path, found in sorted(wanted.items()) if is_kept(path) and not self._has(path, found)]
        with ThreadPoolExecutor(TOGETHER) as pool:
            list(pool.map(lambda path: self._download(path, wanted[path]), new))

    def _has(self, path: str, found: Found) -> bool:
        try:
            here = (self.root / path).stat()
        except OSError:
            return False
        return (here.st_size, here.st_mtime_ns) == (found.size_bytes, found.mtime_ns)

    def _download(self, path: str, found: Found) -> None:
        with suppress(FileNotFoundError):  # a running sweep has taken it away since
            self.bucket.download(path, self.root / path, mtime_ns=found.mtime_ns)


def folder_of(bucket: Bucket) -> Path:
    """Where the bucket's local folder is; a person can tell by its name which one it is."""
    address = bucket.address
    name = re.sub(r"[^A-Za-z0-9]+", "-", address.uri.partition("?")[0]).strip("-")[-32:]
    digest = hashlib.sha256(f"{address.uri.partition('?')[0]} {address.endpoint}".encode()).hexdigest()[:10]
    return (cache_folder() / FOLDERS / f"{name}-{digest}").absolute()


def uri_of(root: Path) -> str | None:
    """The URI whose local folder this is."""
    return _marked(root, "uri")


def _marked(root: Path, name: str) -> str | None:
    """What the mark of a local folder says; None where there is none, or none that can be read."""
    try:
        return str(json.loads((root / MARK).read_text())[name])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def driver_runs_here(root: Path) -> bool:
    """Whether a process of this machine holds the folder."""
    return (root / LOCK).exists() and is_held(root / LOCK)


def driver_elsewhere(root: Path) -> str:
    """Which other machine holds the bucket of this results folder, or did so last; empty where none does."""
    mirror = Mirror.at(root)
    holder = None if mirror is None else Holder.read(mirror.bucket)
    if mirror is None or holder is None or holder.released or holder.folder == mirror.id:
        return ""
    return holder.shown
