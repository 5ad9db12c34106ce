"""`status --watch`: a sweep's status again and again, until it ends. Looks on, as `status` does."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group
from rich.live import Live

from sweeps.control.status import FINISHED, INTERRUPTED, read_status, shown
from sweeps.state.workspace import Workspace
from trainables.command_line import Exit

REFRESH_SECONDS = 2.0  # a terminal
LINE_SECONDS = 10.0  # a log, which keeps every line


def watch(workspace: Workspace, *, as_json: bool, console: Console | None = None, seconds: float | None = None) -> int:
    """Shows the status every `seconds` until the sweep ends; the exit status. Ctrl-C leaves; the sweep goes on.

    A terminal has one picture that changes. Elsewhere, and with `as_json`, every refresh is one line.
    """
    console = console or Console(highlight=False)
    pictured = console.is_terminal and not as_json
    seconds = seconds or (REFRESH_SECONDS if pictured else LINE_SECONDS)
    try:
        if not pictured:
            while True:
                status = read_status(workspace)
                print(json.dumps(status) if as_json else in_a_line(status), flush=True)
                if has_ended(status):
                    return ended_as(status)
                time.sleep(seconds)
        with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
            while True:
                status = read_status(workspace)
                live.update(Group(*shown(status, workspace)), refresh=True)
                if has_ended(status):
                    return ended_as(status)
                time.sleep(seconds)
    except KeyboardInterrupt:
        return Exit.DONE


def has_ended(status: Mapping[str, Any]) -> bool:
    return status["state"] in (FINISHED, INTERRUPTED)


def ended_as(status: Mapping[str, Any]) -> int:
    return Exit.DONE if status["state"] == FINISHED else Exit.STOPPED


def in_a_line(status: Mapping[str, Any]) -> str:
    """`12:03:04 tones-1: running; explore: 2 running, 3 completed; newest trial with a result: ...`."""
    parts = [f"{time.strftime('%H:%M:%S')} {status['sweep_id']}: {status['state']}"]
    for stage in status["stages"]:
        counts = ", ".join(f"{count} {name}" for name, count in stage["counts"].items()) or "nothing has begun"
        parts.append(f"{stage['stage']}: {counts}")
    heard = [trial for stage in status["stages"][-1:] for trial in stage["trials"] if trial["value"] is not None]
    if heard:
        last = heard[-1]
        parts.append(f"newest trial with a result: {last['trial']} epoch {last['epoch']} value {last['value']:.4g}")
    return "; ".join(parts)
