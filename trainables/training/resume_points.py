"""Resume points: a folder an epoch, on the disk whole or not at all, and known to be whole when it is read.

`save_point` writes `<folder>/<name>` beside its place, with the SHA-256 of every file in `whole.json`, makes it durable
and renames it. `newest_point` returns the latest one whose files are as they were written: a folder that a power loss
cut short is passed over for the one before it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trainables.data.atomic import atomic_folder

FINAL = "final"
WHOLE = "whole.json"
KEPT_POINTS = 2  # the newest, and the one before it in case the newest is damaged


def point_name(epoch: int) -> str:
    return f"epoch-{epoch:05d}"


@contextmanager
def save_point(run: Path, name: str, about: Mapping[str, Any]) -> Iterator[Path]:
    """Yields a folder to write into; when the block ends it is `run/name`, durable. Older points go, two stay; with
    FINAL all others go."""
    target = run / name
    if target.is_dir():  # damaged, or written by somebody who was killed before it was known
        shutil.rmtree(target)
    with atomic_folder(target) as folder:
        yield folder
        digests = {path.relative_to(folder).as_posix(): _digest(path) for path in _files(folder)}
        (folder / WHOLE).write_text(json.dumps({"about": dict(about), "sha256": digests}))
    # a point that is later than this one is left over from a trial that the journal forgot
    kept = [] if name == FINAL else [point for point in points(run) if point.name <= name][-KEPT_POINTS:]
    for old in points(run):
        if old not in kept:
            shutil.rmtree(old, ignore_errors=True)


def points(run: Path) -> list[Path]:
    """Every resume point of a run, oldest first; `final` is none."""
    return sorted(run.glob("epoch-*"))


def newest_point(run: Path, about: Mapping[str, Any]) -> Path | None:
    """The latest whole point that was written for the same thing (`about`), the final one before all others."""
    for folder in (run / FINAL, *reversed(points(run))):
        if is_whole(folder, about):
            return folder
    return None


def is_whole(folder: Path, about: Mapping[str, Any]) -> bool:
    try:
        content = json.loads((folder / WHOLE).read_text())
        return content["about"] == json.loads(json.dumps(dict(about))) and all(
            _digest(folder / name) == digest for name, digest in content["sha256"].items()
        )
    except (OSError, ValueError, KeyError):
        return False


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != WHOLE)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
