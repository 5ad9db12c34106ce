"""How a sweep stands, from its journals alone: nothing is locked, written or asked, so it can be read at any time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sweeps.config.resolve import axes_that_open
from sweeps.control import requests
from sweeps.control.requests import PAUSE, RESUME
from sweeps.state.assignment import values_shown
from sweeps.state.extend import recorded_spec
from sweeps.state.journal import JOURNAL
from sweeps.state.manifest import running_elsewhere, state_of
from sweeps.state.progress import RUNNING, StageProgress
from sweeps.state.workspace import Workspace
from trainables.errors import InputError

SHOWN_TRIALS, SHOWN_ANSWERS = 30, 5
STOPPING, INTERRUPTED, FINISHED = "stopping", "interrupted", "finished"
LOG_COLUMNS = 150


def read_status(workspace: Workspace) -> dict[str, Any]:
    """Plain values; `state` is running, paused, finishing, interrupted or finished."""
    given = list(requests.answers(workspace).values())
    begun = sorted(workspace.stages(), key=lambda stage: (stage / JOURNAL).stat().st_mtime_ns)
    stages = [_stage(workspace, stage) for stage in begun]
    state = state_in_a_word(
        finished=state_of(workspace).finished,
        running=lambda: running_elsewhere(workspace),
        answers=given,
        finishing=bool(stages) and stages[-1]["finishing"],
    )
    if state == INTERRUPTED:
        for stage in stages:
            for trial in stage["trials"]:
                trial["status"] = state if trial["status"] in (RUNNING, STOPPING) else trial["status"]
            stage["counts"] = dict(Counter(trial["status"] for trial in stage["trials"]))
    waiting = [request.command for request in requests.Inbox(workspace).pending()]
    return {
        "sweep_id": workspace.sweep_id,
        "state": state,
        "stages": stages,
        "control": [vars(answer) for answer in given],
        "unanswered": waiting,
    }


def state_in_a_word(
    *, finished: bool, running: Callable[[], bool], answers: Sequence[requests.Answer], finishing: bool
) -> str:
    """running | paused | finishing | interrupted | finished"""
    if finished:
        return FINISHED
    if not running():
        return INTERRUPTED
    held = [answer.command for answer in answers if answer.done and answer.command in (PAUSE, RESUME)]
    if held[-1:] == [PAUSE]:
        return "paused"
    return "finishing" if finishing else "running"


def print_status(workspace: Workspace, *, as_json: bool) -> None:
    status = read_status(workspace)
    if as_json:
        print(json.dumps(status, indent=2))
        return
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=LOG_COLUMNS)
    for part in shown(status, workspace):
        console.print(part, soft_wrap=isinstance(part, Text))


def shown(status: Mapping[str, Any], workspace: Workspace) -> Iterator[Text | Table]:
    """What a person sees of a status, from top to bottom."""
    yield Text(f"{status['sweep_id']}: {status['state']}", style="bold")
    for stage in status["stages"]:
        counts = ", ".join(f"{count} {name}" for name, count in stage["counts"].items()) or "nothing has begun"
        yield Text(f"{stage['stage']}: {counts}")
        if stage is status["stages"][-1]:
            yield _table(stage["trials"][-SHOWN_TRIALS:], *_planned(workspace))
    for answer in status["control"][-SHOWN_ANSWERS:]:
        yield Text(f"{answer['command']}: {answer['said']}")
    if status["unanswered"]:
        yield Text(f"not answered yet: {', '.join(status['unanswered'])}")


def _stage(workspace: Workspace, folder: Path) -> dict[str, Any]:
    progress = StageProgress(folder, watching=True)
    return {
        "stage": folder.relative_to(workspace.folder).as_posix(),
        "finishing": is_finishing(progress),
        "counts": dict(Counter(trial.status for trial in progress.trials.values())),
        "trials": [
            {
                "trial": trial.name,
                "status": STOPPING if trial.stopping and not trial.over else trial.status,
                "epoch": trial.last.get("epoch", 0),
                "planned_epochs": trial.last.get("planned_epochs"),
                "value": trial.last.get("value"),
                "given": dict(values_shown(trial.given)),
            }
            for trial in progress.trials.values()
        ],
    }


def is_finishing(progress: StageProgress) -> bool:
    return progress.finishing is not None and bool(progress.unfinished)


def _planned(workspace: Workspace) -> tuple[list[str], int | None]:
    """The open axes in the file's order, and how many epochs a trial has; nothing where the file cannot be read now."""
    try:
        spec = recorded_spec(workspace, state_of(workspace))
    except InputError:
        return [], None
    return list(dict.fromkeys(axis.name for axis in axes_that_open(spec))), spec.train.epochs


def _table(trials: list[dict[str, Any]], opened: list[str], planned_epochs: int | None) -> Table:
    """All open axes in one order, in the first epoch of the first trial as later."""
    given = [trial["given"] for trial in trials]
    found = dict.fromkeys(key for point in given for key in point)
    axes = [key for key in opened if key in found] or [key for key in found if _varies(key, given)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("trial", "state", "epoch", "value", *axes):
        table.add_column(Text(column), overflow="fold")
    for trial in trials:
        untrained = trial["planned_epochs"] == 0  # the untuned backbone
        epoch = "-" if untrained else f"{trial['epoch']}/{trial['planned_epochs'] or planned_epochs or '?'}"
        value = "-" if trial["value"] is None else f"{trial['value']:.4g}"
        cells = [_short(trial["given"].get(axis)) for axis in axes]
        table.add_row(*map(Text, (trial["trial"], trial["status"], epoch, value, *cells)))
    return table


def _varies(key: str, points: list[dict[str, Any]]) -> bool:
    return len({json.dumps(point.get(key)) for point in points}) > 1


def _short(value: Any) -> str:
    return "-" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
