"""The files behind a URI: read, written, listed and removed, each call with patience."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from trainables.bucket.address import Address, first_line, open_address
from trainables.bucket.patience import Patience
from trainables.errors import InputError, SweepStopped

COPY_BYTES = 4 << 20
PART = ".part"

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Found:
    """A file there."""

    size_bytes: int
    mtime_ns: int  # by the store's own clock


class Bucket:
    """Paths are relative to the URI, with slashes. Calls raise what `Patience.call` raises, and FileNotFoundError."""

    def __init__(self, address: Address, patience: Patience | None = None) -> None:
        self.address, self.uri = address, address.uri
        self.patience = patience or Patience()
        self._files: Any = address.files

    @classmethod
    def checked(cls, uri: str, *, writable: bool, field: str = "results") -> Bucket:
        """A bucket that is there and answers now, and takes what is written.

        Raises InputError with the `field` that the URI stands in.
        """
        bucket = cls(open_address(uri, field=field), Patience(0.0))
        root = bucket.address.base.partition("/")[0] if bucket.address.is_object_store else ""
        try:
            if root and bucket._call(lambda: bucket._files.get_file_info(root)).type.name == "NotFound":
                raise InputError(f"{field}: there is no bucket {root!r} at {bucket.place}; make it, or name another.")
            if writable:
                probe = f".write-test-{uuid.uuid4().hex[:12]}"
                bucket.write(probe, b"\0")
                bucket.read(probe)
                bucket.remove(probe)
            else:
                bucket.listing(deep=False)
        except SweepStopped as error:
            reason = first_line(error.__cause__ or error)
            does = "be written" if writable else "be read"
            raise InputError(
                f"{field}: {uri} cannot {does} ({reason}); see that it is there, that AWS_ENDPOINT_URL names its "
                "server where it is not Amazon's, and that this machine's keys may use it (cluster/s3_policy.json)."
            ) from None
        bucket.patience = Patience()
        return bucket

    @property
    def place(self) -> str:
        return self.address.endpoint or self.address.files.type_name

    def read(self, path: str) -> bytes:
        def read() -> bytes:
            with self._files.open_input_stream(self._at(path)) as stream:
                return bytes(stream.read())

        return self._call(read)

    def write(self, path: str, content: bytes) -> None:
        def fill(stream: Any) -> None:
            stream.write(content)

        self._call(lambda: self._put(path, fill))

    def upload(self, local: Path, path: str) -> None:
        """Raises FileNotFoundError where the local file has gone."""

        def put() -> None:
            with local.open("rb") as source:
                self._put(path, lambda stream: shutil.copyfileobj(source, stream, COPY_BYTES))

        self._call(put)

    def download(self, path: str, local: Path, *, mtime_ns: int | None = None) -> None:
        """The local file is there whole or not at all, and has the time of the one there if that is given."""
        local.parent.mkdir(parents=True, exist_ok=True)
        temporary = local.with_name(f".{local.name}.{uuid.uuid4().hex[:12]}{PART}")

        def get() -> None:
            with self._files.open_input_stream(self._at(path)) as source, temporary.open("wb") as target:
                shutil.copyfileobj(source, target, COPY_BYTES)

        try:
            self._call(get)
            if mtime_ns is not None:
                os.utime(temporary, ns=(mtime_ns, mtime_ns))
            temporary.replace(local)
        finally:
            temporary.unlink(missing_ok=True)

    def found(self, path: str) -> Found | None:
        """None where there is no such file."""
        info = self._call(lambda: self._files.get_file_info(self._at(path)))
        return Found(info.size, info.mtime_ns) if info.is_file else None

    def listing(self, below: str = "", *, deep: bool = True) -> dict[str, Found]:
        """Every file below a folder (`deep`), or in it; empty where there is none."""
        return {path: found for path, found in self._listing(below, deep=deep).items() if found is not None}

    def folders(self, below: str = "") -> list[str]:
        """The names of the folders in a folder."""
        found = self._listing(below, deep=False)
        return sorted(path.rpartition("/")[2] for path, file in found.items() if file is None)

    def remove(self, path: str) -> None:
        """Nothing where there is no such file."""
        try:
            self._call(lambda: self._files.delete_file(self._at(path)))
        except FileNotFoundError:
            return

    def _listing(self, below: str, *, deep: bool) -> dict[str, Found | None]:
        from pyarrow import fs

        selector = fs.FileSelector(self._at(below), recursive=deep, allow_not_found=True)
        infos = self._call(lambda: self._files.get_file_info(selector))
        start = len(self.address.base) + 1
        return {
            info.path.rstrip("/")[start:]: Found(info.size, info.mtime_ns) if info.is_file else None for info in infos
        }

    def _put(self, path: str, fill: Callable[[Any], object]) -> None:
        """Where a file could be seen half written, it is written beside its place first."""
        target = self._at(path)
        if self.address.is_object_store:
            with self._files.open_output_stream(target) as stream:
                fill(stream)
            return
        folder, _, name = target.rpartition("/")
        self._files.create_dir(folder, recursive=True)
        temporary = f"{folder}/.{name}.{uuid.uuid4().hex[:12]}{PART}"
        with self._files.open_output_stream(temporary) as stream:
            fill(stream)
        self._files.move(temporary, target)

    def _at(self, path: str) -> str:
        return f"{self.address.base}/{path}" if path else self.address.base

    def _call(self, method: Callable[[], Answer]) -> Answer:
        return self.patience.call(self.uri, method)
