"""How one terminal speaks to the process that runs a sweep: two append-only files in the sweep's folder.

`control.jsonl` holds what was asked, `answers.jsonl` what came of it, both in the journal's form (a checksum a line),
so that a line that is cut short is none. Whoever asks takes a lock to write; the sweep alone writes answers. What was
asked and not answered before a sweep was killed is answered when it goes on.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweeps.state.journal import Event, Journal, read_journal
from sweeps.state.workspace import Workspace

ASKED, ANSWERS, LOCK = "control.jsonl", "answers.jsonl", "control.lock"
LOCK_SECONDS = 10.0
STOP, CLONE, PAUSE, RESUME, FINISH = "stop", "clone", "pause", "resume", "finish"
COMMANDS = (STOP, CLONE, PAUSE, RESUME, FINISH)


@dataclass(frozen=True)
class Request:
    id: str
    command: str  # one of COMMANDS
    trial: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)  # axis -> value
    time: float = 0.0


@dataclass(frozen=True)
class Answer:
    id: str
    command: str
    done: bool  # False: refused, and nothing was changed
    said: str


def ask(workspace: Workspace, command: str, trial: str = "", changes: Mapping[str, Any] | None = None) -> Request:
    """Puts a request where the sweep will find it. Raises OSError where the folder cannot be written."""
    from filelock import FileLock

    request = Request(secrets.token_hex(6), command, trial, dict(changes or {}), time.time())
    with FileLock(workspace.folder / LOCK).acquire(timeout=LOCK_SECONDS):
        _append(workspace.folder / ASKED, vars(request))
    return request


def answer(workspace: Workspace, request: Request, *, done: bool, said: str) -> None:
    _append(workspace.folder / ANSWERS, vars(Answer(request.id, request.command, done, said)))


def answers(workspace: Workspace) -> dict[str, Answer]:
    """By the id of the request, in the order in which they were given."""
    return {event["id"]: Answer(**event) for event in read_journal(workspace.folder / ANSWERS)}


def requests(workspace: Workspace) -> list[Request]:
    """All of them, oldest first; what no `ask` has written is passed over."""
    found = []
    for event in read_journal(workspace.folder / ASKED):
        try:
            request = Request(**event)
        except TypeError:
            continue
        if request.command in COMMANDS and isinstance(request.changes, dict):
            found.append(request)
    return found


class Inbox:
    """What the process that runs a sweep reads: quick where nothing is new."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._seen_bytes = -1

    def pending(self) -> list[Request]:
        path: Path = self.workspace.folder / ASKED
        size_bytes = path.stat().st_size if path.is_file() else 0
        if size_bytes == self._seen_bytes:
            return []
        answered = answers(self.workspace)
        left = [request for request in requests(self.workspace) if request.id not in answered]
        self._seen_bytes = size_bytes
        return left


def _append(path: Path, event: Event) -> None:
    journal = Journal(path)
    journal.write(**event)
    journal.close()
