"""Sweeps as their folders tell them, followed while others write: each journal is read once, then only what is new.

Nothing here locks, writes or asks anything; the one exception is a look whether a process holds an unfinished sweep,
at most once a second.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import Any

from sweeps.config.load import parse_sweep
from sweeps.config.spec import SweepSpec
from sweeps.control.requests import ANSWERS, ASKED, Answer, Request, answers, requests
from sweeps.control.status import is_finishing, state_in_a_word
from sweeps.state.journal import JOURNAL
from sweeps.state.manifest import MANIFEST, Manifest, State, running_elsewhere, state_of
from sweeps.state.progress import SPACE, StageProgress
from sweeps.state.workspace import EXPLORE, VERDICT, Workspace
from trainables.errors import InputError

LOOK_SECONDS = 1.0
READ_AHEAD_BYTES = 64_000_000  # of journals: some 20,000 trials, and about 250 MB of memory
REPORT = Path("report") / "report.html"


class Stage:
    """One stage of a sweep, and how often it has changed."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self.name = folder.relative_to(workspace.folder).as_posix()  # explore, confirm-2, fold-3/explore
        self.searches = folder.name == EXPLORE
        self.progress = StageProgress(folder, watching=True)
        self.changes = 0
        self.axes: list[dict[str, Any]] = []  # what is open, as the search noted it last; several may have one name
        self._scanned = 0
        self.follow()

    def follow(self) -> None:
        if self.progress.tail is not None and self.progress.tail.replaced:
            self.progress = StageProgress(self.progress.folder, watching=True)
            self.changes, self._scanned, self.axes = self.changes + 1, 0, []
        self.changes += self.progress.follow()
        for event in self.progress.events[self._scanned :]:
            if event["event"] == SPACE:
                self.axes = [dict(axis) for axis in event["axes"]]
        self._scanned = len(self.progress.events)


class WatchedSweep:
    """One sweep. `refresh` before anything is read."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.stages: list[Stage] = []
        self.problem = ""  # why it cannot be read; empty where it can
        self.state: State = State("")
        self.word = "interrupted"  # running | paused | finishing | interrupted | finished
        self.answers: dict[str, Answer] = {}
        self.requests: list[Request] = []
        self.verdict: Mapping[str, Any] | None = None
        self.manifest: Mapping[str, Any] = {}
        self.begun_seconds = 0.0  # since the epoch
        self._seen: dict[str, tuple[int, int]] = {}
        self._looked, self._held = float("-inf"), False

    @property
    def sweep_id(self) -> str:
        return self.workspace.sweep_id

    @property
    def name(self) -> str:
        return self.sweep_id.rsplit("-", 3)[0]

    @property
    def finished(self) -> bool:
        return self.word == "finished"

    @property
    def takes_requests(self) -> bool:
        return self.word in ("running", "paused", "finishing")

    @property
    def spec(self) -> SweepSpec:
        """Raises InputError where its file is not one."""
        return _spec(self.state.source_text)

    @property
    def miniature(self) -> bool:
        return self.manifest.get("miniature") is True

    @property
    def report(self) -> Path | None:
        path = self.workspace.folder / REPORT
        return path if path.is_file() else None

    @property
    def version(self) -> str:
        """Another one whenever something that is shown has changed."""
        seen = sorted((name, *found) for name, found in self._seen.items())
        stages = [(stage.name, stage.changes) for stage in self.stages]
        return f"{self.word} {seen} {stages} {self.report is not None}"

    def refresh(self, *, stages: bool = True) -> None:
        """Takes in what has changed. `stages`: their journals too, which a list of sweeps does without."""
        folder = self.workspace.folder
        try:
            if self._changed(MANIFEST, JOURNAL):
                self.state = state_of(self.workspace)
                self.manifest = asdict(Manifest.read(self.workspace))
                self.begun_seconds = (folder / MANIFEST).stat().st_mtime
            if self._changed(ASKED, ANSWERS):
                self.answers, self.requests = answers(self.workspace), requests(self.workspace)
            if self._changed(VERDICT):
                self.verdict = _verdict(folder / VERDICT)
            if stages:
                self._follow_stages()
            self.problem = ""
        except (InputError, KeyError, TypeError, ValueError) as error:
            self._seen.clear()  # to be read again, whole
            self.problem = " ".join(error.problems) if isinstance(error, InputError) else "its journal cannot be read"
        latest = self.stages[-1].progress if self.stages else None
        self.word = state_in_a_word(
            finished=self.state.finished,
            running=self._is_held,
            answers=list(self.answers.values()),
            finishing=latest is not None and is_finishing(latest),
        )

    def stage(self, name: str | None) -> Stage | None:
        """The stage of this name; the latest without one."""
        if name is None:
            return self.stages[-1] if self.stages else None
        return next((stage for stage in self.stages if stage.name == name), None)

    def said_to(self, request_id: str) -> tuple[Request, Answer | None] | None:
        """A request and what came of it; None where there is no such request."""
        asked = next((request for request in self.requests if request.id == request_id), None)
        return None if asked is None else (asked, self.answers.get(request_id))

    def _follow_stages(self) -> None:
        known = {stage.name: stage for stage in self.stages}
        for folder in self.workspace.stages():
            name = folder.relative_to(self.workspace.folder).as_posix()
            if name not in known:
                known[name] = Stage(self.workspace, folder)
        for stage in known.values():
            stage.follow()
        self.stages = sorted(known.values(), key=lambda stage: (stage.progress.folder / JOURNAL).stat().st_mtime_ns)

    def _changed(self, *names: str) -> bool:
        """Whether one of these files is not as it was at the last call."""
        changed = False
        for name in names:
            try:
                found = (self.workspace.folder / name).stat()
                now = (found.st_mtime_ns, found.st_size)
            except OSError:
                now = (0, 0)
            changed |= self._seen.get(name) != now
            self._seen[name] = now
        return changed

    def _is_held(self) -> bool:
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked, self._held = now, running_elsewhere(self.workspace)
        return self._held


class Watcher:
    """All sweeps of one results folder. `lock` is to be held while a sweep is refreshed and read."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self.lock = RLock()
        self._sweeps: dict[str, WatchedSweep] = {}

    def sweeps(self) -> list[WatchedSweep]:
        """Those that are there now, the latest first; their stages are not read."""
        there = {path.parent.name for path in self.results.glob(f"*/{MANIFEST}")}
        self._sweeps = {sweep_id: self._sweep(sweep_id) for sweep_id in there}
        for sweep in self._sweeps.values():
            sweep.refresh(stages=False)
        return sorted(self._sweeps.values(), key=lambda sweep: (sweep.begun_seconds, sweep.sweep_id), reverse=True)

    def sweep(self, sweep_id: str) -> WatchedSweep | None:
        """One of them, refreshed. An id is compared with what is there, never made a path."""
        if sweep_id not in {path.parent.name for path in self.results.glob(f"*/{MANIFEST}")}:
            return None
        found = self._sweeps[sweep_id] = self._sweep(sweep_id)
        found.refresh()
        return found

    def read_ahead(self, most_bytes: int = READ_AHEAD_BYTES) -> None:
        """Reads the latest sweeps before anybody asks for them, until their journals have `most_bytes` together: then
        the first page of each costs no more than the following ones. The lock is held for one sweep at a time."""
        with self.lock:
            latest = self.sweeps()
        for sweep in latest:
            with self.lock, suppress(InputError, OSError):  # it may be damaged, or gone by now
                most_bytes -= sum((stage / JOURNAL).stat().st_size for stage in sweep.workspace.stages())
                if most_bytes < 0:
                    return
                sweep.refresh()
                _ = sweep.spec

    def _sweep(self, sweep_id: str) -> WatchedSweep:
        return self._sweeps.get(sweep_id) or WatchedSweep(Workspace(self.results, sweep_id))


@lru_cache(maxsize=256)
def _spec(source_text: str) -> SweepSpec:
    return parse_sweep(source_text, recorded=True)


def _verdict(path: Path) -> Mapping[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("rows"), list) else None
