"""Which sweep a command means: a new one, or one that was interrupted; and what of it has changed since.

A sweep's folder holds `sweep.json` (the file as read, and what it was run on), `journal.jsonl` (sessions, looks at the
test data, the end) and `sweep.lock`, which the process that runs the sweep holds.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sweeps import document
from sweeps.journal import Event, Journal, read_journal
from sweeps.workspace import Workspace
from trainables.errors import InputError

MANIFEST, JOURNAL, LOCK = "sweep.json", "journal.jsonl", "sweep.lock"
AUTO, RESUME, NEW = "auto", "resume", "new"
# Where and how fast, not what; and `miniature` has been applied where it holds
MAY_CHANGE = ("results", "limits", "profile", "miniature")
SHOWN_DIFFERENCES = 8
SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class Manifest:
    """What a sweep was started with."""

    name: str
    source_text: str  # the file as read, overrides applied
    base_folder: str  # where its relative paths start
    data_fingerprint: str
    miniature: bool
    device: str
    precision: str
    versions: Mapping[str, Any]  # of the code and its libraries

    def write(self, workspace: Workspace) -> None:
        path = workspace.folder / MANIFEST
        temporary = path.with_suffix(".part")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    @classmethod
    def read(cls, workspace: Workspace) -> Manifest:
        return cls(**json.loads((workspace.folder / MANIFEST).read_text(encoding="utf-8")))


def sweep_journal(workspace: Workspace) -> Journal:
    return Journal(workspace.folder / JOURNAL)


def sweep_events(workspace: Workspace) -> list[Event]:
    return read_journal(workspace.folder / JOURNAL)


def is_finished(workspace: Workspace) -> bool:
    """Whether the verdict is there."""
    return any(event["event"] == "finished" for event in sweep_events(workspace))


def sweeps_of(results: Path, name: str) -> list[Workspace]:
    """The sweeps of this name that can be taken up, oldest first."""
    found = []
    for path in results.glob(f"*/{MANIFEST}"):
        workspace = Workspace(results, path.parent.name)
        if Manifest.read(workspace).name == name:
            found.append(workspace)
    return sorted(found, key=lambda workspace: (workspace.folder / MANIFEST).stat().st_mtime_ns)


def choose(results: Path, name: str, source_text: str, mode: str, command: str) -> Workspace | None:
    """The sweep to take up; None for a new one.

    Raises InputError: an interrupted sweep of this name was started with another file, or none is there to take up.
    """
    if mode == NEW:
        return None
    there = sweeps_of(results, name)
    interrupted = [workspace for workspace in there if not is_finished(workspace)]
    if not interrupted:
        if mode == RESUME:
            raise InputError(
                f"--resume: {str(results)!r} has no interrupted sweep {name!r}; leave --resume away to start one."
            )
        return None
    workspace = interrupted[-1]
    changed = differences(Manifest.read(workspace).source_text, source_text)
    if changed and mode != RESUME:
        more = len(changed) - SHOWN_DIFFERENCES
        listed = "; ".join(changed[:SHOWN_DIFFERENCES]) + (f"; and {more} more" if more > 0 else "")
        raise InputError(
            f"{workspace.sweep_id} was interrupted, and was started with another file: {listed}. "
            f"Go on with it as it was: {command} --resume. Leave it and start a new one: {command} --new."
        )
    return workspace


def differences(before: str, after: str) -> list[str]:
    """`trials: 16 -> 32`, one for every key in which two sweep files differ and that changes what is found."""
    old, new = (_leaves(document.parse(text, "sweep")[0].plain()) for text in (before, after))
    found = []
    for key in dict.fromkeys([*old, *new]):
        if key.partition(".")[0] not in MAY_CHANGE and old.get(key) != new.get(key):
            found.append(f"{key}: {_shown(old.get(key))} -> {_shown(new.get(key))}")
    return found


def moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """`version.torch: 2.13 -> 2.14`: what of code and libraries is not what the sweep was begun with."""
    keys = sorted({*before, *after})
    return [f"{k}: {before.get(k, '-')} -> {after.get(k, '-')}" for k in keys if before.get(k) != after.get(k)]


def running_elsewhere(workspace: Workspace) -> bool:
    """Whether a process holds the sweep now."""
    from filelock import FileLock, Timeout

    lock = FileLock(workspace.folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


@contextmanager
def held(workspace: Workspace) -> Iterator[None]:
    """Holds the sweep for this process; the system lets go of it when the process ends, however it ends.

    Raises InputError where another process holds it.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(workspace.folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(
            f"{workspace.sweep_id} is being run by another process; wait for it, or start a second sweep with --new."
        ) from None
    try:
        yield
    finally:
        lock.release()


def note_session(journal: Journal, versions: Mapping[str, Any]) -> None:
    journal.write(event="session", pid=os.getpid(), time=time.time(), versions=dict(versions))


def _leaves(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and value:
        return {
            key: leaf
            for name, inner in value.items()
            for key, leaf in _leaves(inner, f"{prefix}.{name}" if prefix else str(name)).items()
        }
    return {prefix: value}


def _shown(value: Any) -> str:
    text = "(absent)" if value is None else json.dumps(value, default=str)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."
