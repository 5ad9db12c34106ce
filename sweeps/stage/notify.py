"""Tells the hooks of `notify:` how a sweep ends, and once a session of each kind of trouble; never holds it up.

Hooks are called beside the sweep. What came of it is written to the sweep's journal (event `notified`) by the sweep's
own thread, since a journal has one writer.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console

from sweeps.stage import hooks
from sweeps.stage.hooks import TAKEN, Hooks
from sweeps.state.manifest import note
from sweeps.state.progress import FAILED, TrialProgress
from sweeps.state.workspace import VERDICT, Workspace
from trainables.errors import SweepStopped
from trainables.redact import redacted

FINISHED, INTERRUPTED, FAILED_SWEEP, TROUBLE = "finished", "interrupted", "failed", "trouble"
LONGEST_SECONDS = 2 * (hooks.WEBHOOK_SECONDS + hooks.COMMAND_SECONDS)  # that the end waits for hooks
WORKER_LOST = "worker lost"


class Notifier:
    """An observer of every stage, and around the whole sweep a context that tells how it ended."""

    def __init__(self, workspace: Workspace, told: Hooks, console: Console) -> None:
        self.workspace, self.told, self.console = workspace, told, console
        self._kinds: set[str] = set()  # of trouble that was told
        self._called: list[tuple[str, dict[str, Future[str]]]] = []  # state, hook -> its answer; not noted yet

    def __enter__(self) -> Notifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.told:
            return
        if error is None:
            self.tell(FINISHED, verdict=self._verdict(), report=self._report())
        elif isinstance(error, KeyboardInterrupt | SweepStopped):
            self.tell(INTERRUPTED, reason=str(error))
        else:
            self.tell(FAILED_SWEEP, reason=str(error) or type(error).__name__)
        answers = [answer for _, called in self._called for answer in called.values()]
        wait(answers, timeout=LONGEST_SECONDS)
        self._note_answers(at_the_end=True)

    def started(self, trial: TrialProgress) -> None:
        self._note_answers()

    def reported(self, trial: TrialProgress) -> None:
        self._note_answers()

    def retried(self, trial: TrialProgress) -> None:
        self._trouble(WORKER_LOST, trial, trial.mended[-1])

    def ended(self, trial: TrialProgress) -> None:
        if trial.status == FAILED:
            self._trouble(trial.kind, trial, trial.reason)
        self._note_answers()

    def tell(self, state: str, **values: Any) -> None:
        """Begins to call every hook with one JSON object; returns at once."""
        known = {"state": state, "sweep": self.workspace.sweep_id, "reason": "", "verdict": "", "report": "", **values}
        known = {name: redacted(value) for name, value in known.items()}
        body = json.dumps({**known, "folder": str(self.workspace.folder), "time": round(time.time(), 3)}).encode()
        called: dict[str, Future[str]] = {}
        if self.told.webhook:
            called["webhook"] = beside(lambda: hooks.post(self.told.webhook, body))
        if self.told.command:
            called["command"] = beside(lambda: hooks.run(self.told.command, body))
        self._called.append((state, called))

    def _trouble(self, kind: str, trial: TrialProgress, reason: str) -> None:
        if self.told and kind not in self._kinds:
            self._kinds.add(kind)
            self.tell(TROUBLE, reason=f"{trial.name}: {reason}")

    def _note_answers(self, *, at_the_end: bool = False) -> None:
        """Those that have come; at the end all, and of the rest that they have not."""
        waiting = []
        for state, called in self._called:
            if not at_the_end and not all(answer.done() for answer in called.values()):
                waiting.append((state, called))
                continue
            said = {hook: answer.result() if answer.done() else "no end" for hook, answer in called.items()}
            with suppress(OSError):  # a full disk has its own message
                note(self.workspace, event="notified", state=state, **said)
            for hook, answer in said.items():
                if answer != TAKEN:
                    self.console.print(f"notify.{hook} did not hear of {state}: {answer}", style="yellow", markup=False)
        self._called = waiting

    def _verdict(self) -> str:
        with suppress(OSError, ValueError, KeyError, TypeError):
            found = json.loads((self.workspace.folder / VERDICT).read_text(encoding="utf-8"))
            return first_sentence(str(found["sentence"]))
        return ""

    def _report(self) -> str:
        pages = sorted(Path(self.workspace.folder / "report").glob("*.html"))
        return str(pages[0].resolve()) if pages else ""


def first_sentence(text: str) -> str:
    """Up to the first full stop that another sentence follows."""
    return re.split(r"(?<=[.!?])\s+(?=[A-Z])", text.strip(), maxsplit=1)[0]


def beside(call: Callable[[], str]) -> Future[str]:
    """What `call` will have returned, in a thread that does not keep Python from ending."""
    answer: Future[str] = Future()
    threading.Thread(target=lambda: answer.set_result(call()), name="notify", daemon=True).start()
    return answer
