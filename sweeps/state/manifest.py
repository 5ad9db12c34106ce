"""What a sweep was begun with, how far it is, and which process holds it: the files at the top of its folder.

`sweep.json` (the file as read, and what it was run on), `journal.jsonl` (sessions, looks at the test data, the end,
extensions) and `sweep.lock`, which the process that runs the sweep holds.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from sweeps.state.journal import JOURNAL, Event, Journal, read_journal
from sweeps.state.workspace import Workspace
from trainables.errors import InputError
from trainables.locks import holding, is_held

MANIFEST, LOCK = "sweep.json", "sweep.lock"
RESTED = "rested"  # a session has ended, however it did


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
    left_out: int | None = None  # clips that the data name and the sweep does not use; None: begun before it was noted

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
    events = sweep_events(workspace)
    begun = [event for event in events if event["event"] == "session"]
    if len(begun) > sum(event["event"] == RESTED for event in events) and "time" in begun[-1]:
        # it was killed: it worked at least until it last wrote to a journal
        note_rest(workspace, max(0.0, _last_written(workspace) - begun[-1]["time"]))
    note(workspace, event="session", pid=os.getpid(), time=time.time(), versions=dict(versions))


def note_rest(workspace: Workspace, seconds: float) -> None:
    """Notes that this session ends, and how long it has worked."""
    note(workspace, event=RESTED, seconds=round(seconds, 3))


def seconds_before(workspace: Workspace) -> float:
    """How long the sessions before this one worked; those of versions that did not note it count as nothing."""
    return float(sum(event["seconds"] for event in sweep_events(workspace) if event["event"] == RESTED))


def _last_written(workspace: Workspace) -> float:
    journals = [workspace.folder / JOURNAL, *(stage / JOURNAL for stage in workspace.stages())]
    return max(journal.stat().st_mtime for journal in journals)


def note_look(workspace: Workspace, seeds: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Notes that stage 2 begins, where that is not noted yet; returns the confirm seeds of every look so far."""
    if not state_of(workspace).look_begun:
        note(workspace, event="look", seeds=list(seeds))
    return state_of(workspace).looks


def running_elsewhere(workspace: Workspace) -> bool:
    """Whether a process holds the sweep now."""
    return is_held(workspace.folder / LOCK)


@contextmanager
def held(workspace: Workspace, otherwise: str = "wait for it, or start a second sweep with --new") -> Iterator[None]:
    """Holds the sweep for this process; the system lets go of it when the process ends, however it ends.

    Raises InputError where another process holds it, with what can be done `otherwise`.
    """
    with holding(workspace.folder / LOCK, f"{workspace.sweep_id} is being run by another process; {otherwise}."):
        yield
