"""What of a results folder lives in the bucket, and what is of this machine alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

JOURNALS = ".jsonl"  # files that only grow
RECORD, ARTIFACTS = "mlflow.db", "mlartifacts"  # of MLflow, beside the sweeps
SOUND, TUNE = "data", "tune"  # decoded again, and of Tune alone
ENDINGS = (".lock", ".part", "-wal", "-shm", "-journal")
LAST = "whole.json"  # says that what is beside it is whole: after it, always
NEVER_CHANGES = ("final", "predictions", "adapter")  # folders whose files are written once


@dataclass(frozen=True)
class Stamp:
    """How a local file was when it was looked at."""

    size_bytes: int
    mtime_ns: int


def is_kept(path: str) -> bool:
    """`path`: relative to the results folder, with slashes."""
    parts = path.split("/")
    ours = any(part.startswith(".") for part in parts) or TUNE in parts or SOUND in parts[1:3]
    return not ours and not path.endswith(ENDINGS)


def never_changes(path: str) -> bool:
    parts = path.split("/")
    return any(part in NEVER_CHANGES or part.startswith("epoch-") for part in parts)


def local_files(root: Path, below: str) -> dict[str, Stamp]:
    """Every file below `root/below` that is kept, by its path from `root`; what goes while it looks is passed over."""
    return dict(_walk(root / below, below))


def _walk(folder: Path, path: str) -> Iterator[tuple[str, Stamp]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        below = f"{path}/{entry.name}"
        if not is_kept(below):
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(folder / entry.name, below)
            elif entry.is_file(follow_symlinks=False):
                seen = entry.stat(follow_symlinks=False)
                yield below, Stamp(seen.st_size, seen.st_mtime_ns)
        except OSError:
            continue


def is_last(path: str) -> bool:
    return path.endswith(f"/{LAST}")
