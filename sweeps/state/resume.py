"""Which sweep a command means: a new one, or one that was interrupted; and what of it has changed since.

A sweep's folder holds `sweep.json` (the file as read, and what it was run on), `journal.jsonl` (sessions, looks at the
test data, the end, extensions) and `sweep.lock`, which the process that runs the sweep holds.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sweeps.config import located_yaml
from sweeps.state.journal import Event, Journal, read_journal
from sweeps.state.workspace import Workspace
from trainables.errors import InputError

MANIFEST, JOURNAL, LOCK = "sweep.json", "journal.jsonl", "sweep.lock"
AUTO, RESUME, NEW, EXTEND = "auto", "resume", "new", "extend"
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
        """Raises InputError where the file is not what `write` wrote."""
        try:
            return cls(**json.loads((workspace.folder / MANIFEST).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise InputError(f"{workspace.folder / MANIFEST}: cannot be read ({str(error)[:80]}).") from None


def sweep_journal(workspace: Workspace) -> Journal:
    return Journal(workspace.folder / JOURNAL)


def sweep_events(workspace: Workspace) -> list[Event]:
    return read_journal(workspace.folder / JOURNAL)


@dataclass(frozen=True)
class State:
    """How far a sweep is, as its journal tells."""

    source_text: str  # its file as it stands: as begun, or as last extended
    look: int = 1  # at the test data, that its last or next stage 2 is
    confirm_seeds: tuple[int, ...] | None = None  # of that look; None: those of the file
    looks: tuple[tuple[int, ...], ...] = ()  # confirm seeds of every look that has begun
    finished: bool = False  # the verdict is there

    @property
    def look_begun(self) -> bool:
        return len(self.looks) == self.look


def state_of(workspace: Workspace) -> State:
    state = State(Manifest.read(workspace).source_text)
    for event in sweep_events(workspace):
        if event["event"] == "extended":
            seeds = tuple(event["confirm_seeds"])
            state = State(event["source_text"], event["look"], seeds, state.looks)
        elif event["event"] == "look":
            state = replace(state, looks=(*state.looks, tuple(event["seeds"])))
        elif event["event"] == "finished":
            state = replace(state, finished=True)
    return state


def note(workspace: Workspace, **event: Any) -> None:
    """Adds an event to the sweep's journal; on the disk when this returns."""
    journal = sweep_journal(workspace)
    journal.write(**event)
    journal.close()


def note_session(workspace: Workspace, versions: Mapping[str, Any]) -> None:
    note(workspace, event="session", pid=os.getpid(), time=time.time(), versions=dict(versions))


def note_look(workspace: Workspace, seeds: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Notes that stage 2 begins, where that is not noted yet; returns the confirm seeds of every look so far."""
    if not state_of(workspace).look_begun:
        note(workspace, event="look", seeds=list(seeds))
    return state_of(workspace).looks


def sweeps_of(results: Path, name: str) -> list[Workspace]:
    """The sweeps of this name that can be taken up, oldest first."""
    found = []
    for path in results.glob(f"*/{MANIFEST}"):
        workspace = Workspace(results, path.parent.name)
        with suppress(InputError):  # what cannot be read cannot be taken up, and is in nobody's way
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
    interrupted = [workspace for workspace in there if not state_of(workspace).finished]
    if not interrupted:
        if mode == RESUME:
            raise InputError(
                f"--resume: {str(results)!r} has no interrupted sweep {name!r}; leave --resume away to start one."
            )
        return None
    workspace = interrupted[-1]
    state = state_of(workspace)
    changed = changes(state.source_text, source_text)
    if changed and mode != RESUME:
        ways = [f"Go on with it as it was: {command} --resume."]
        if more_trials(state.source_text, source_text) and not state.look_begun:
            ways.append(f"Go on with that many trials: {command} --extend.")
        ways.append(f"Leave it and start a new one: {command} --new.")
        raise InputError(
            f"{workspace.sweep_id} was interrupted, and was started with another file: "
            f"{listed(list(changed.values()))}. {' '.join(ways)}"
        )
    return workspace


def extendable(results: Path, name: str, source_text: str) -> Workspace | None:
    """The finished sweep to which this file would only add trials."""
    there = sweeps_of(results, name)
    if there and (state := state_of(there[-1])).finished and more_trials(state.source_text, source_text):
        return there[-1]
    return None


def more_trials(before: str, after: str) -> bool:
    """Whether the second file differs from the first in nothing but a larger number of trials."""
    old, new = _keys(before).get("trials"), _keys(after).get("trials")
    return list(changes(before, after)) == ["trials"] and isinstance(old, int) and isinstance(new, int) and new > old


def changes(before: str, after: str) -> dict[str, str]:
    """key -> `trials: 16 -> 32`, for every key in which two sweep files differ and that changes what is found."""
    old, new = _keys(before), _keys(after)
    return {
        key: f"{key}: {_shown(old.get(key))} -> {_shown(new.get(key))}"
        for key in dict.fromkeys([*old, *new])
        if key.partition(".")[0] not in MAY_CHANGE and old.get(key) != new.get(key)
    }


def listed(changed: Sequence[str]) -> str:
    more = len(changed) - SHOWN_DIFFERENCES
    return "; ".join(changed[:SHOWN_DIFFERENCES]) + (f"; and {more} more" if more > 0 else "")


def _keys(text: str) -> dict[str, Any]:
    return _leaves(located_yaml.parse(text, "sweep")[0].plain())


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
