"""A sweep for programs: one JSON object a line on standard output, as docs/events.md lists them."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

from sweeps.state.progress import TrialProgress


class Events:
    """Writes events as they happen; every line is whole, and has an `event` and the `time` in seconds since 1970."""

    def __init__(self, file: TextIO | None = None) -> None:
        self.file = file or sys.stdout

    def write(self, event: str, **values: Any) -> None:
        line = json.dumps({"event": event, "time": round(time.time(), 3), **_plain(values)}, allow_nan=False)
        print(line, file=self.file, flush=True)


class StageEvents:
    """What a stage reports of its trials, as an observer of it."""

    def __init__(self, events: Events, stage: str) -> None:
        self.events, self.stage = events, stage

    def started(self, trial: TrialProgress) -> None:
        self._write("trial_started", trial, values=dict(trial.assignment.values), epoch=trial.last.get("epoch", 0))

    def reported(self, trial: TrialProgress) -> None:
        last = trial.last
        known = {name: last.get(name) for name in ("epoch", "planned_epochs", "value", "value_se")}
        self._write("epoch", trial, **known)

    def retried(self, trial: TrialProgress) -> None:
        self._write("trial_retried", trial, reason=trial.mended[-1])

    def ended(self, trial: TrialProgress) -> None:
        last = trial.last
        self._write(
            "trial_ended",
            trial,
            status=trial.status,
            epoch=last.get("epoch", 0),
            value=last.get("value"),
            reason=trial.reason,
        )

    def _write(self, event: str, trial: TrialProgress, **values: Any) -> None:
        assignment = trial.assignment
        more = {"arm": assignment.arm, "seed": assignment.seed} if assignment.arm else {}
        self.events.write(event, stage=self.stage, trial=trial.name, **more, **values)


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: they are null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
