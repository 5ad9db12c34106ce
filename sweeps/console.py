"""What the user sees while a sweep runs: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from sweeps.listener import Listener
from sweeps.recorder import failure_reason

STATES = {"RUNNING": "running", "PENDING": "waiting", "TERMINATED": "completed", "ERROR": "failed", "PAUSED": "paused"}


class StageView(Listener):
    """A row per trial: configuration, epoch, metric, state; and the best so far.

    Without a terminal every result is one line, so that a log file reads well.
    """

    def __init__(self, console: Console, title: str, metric: str, mode: str, trials: int, axes: list[str]) -> None:
        super().__init__()
        self.console = console
        self.title = title
        self.metric = metric
        self.mode = mode
        self.trials = trials
        self.axes = axes
        self.live: Live | None = None
        self.started = time.monotonic()
        self.names: dict[str, str] = {}
        self.rows: dict[str, dict[str, Any]] = {}
        self.stages_seen: set[str] = set()

    def __enter__(self) -> StageView:
        self.console.print(f"[bold]{self.title}[/bold]")
        if self.console.is_terminal:
            self.live = Live(console=self.console, refresh_per_second=4, get_renderable=self.render)
            self.live.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        if self.live is not None:
            self.live.stop()

    def on_trial_start(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        self._row(trial)["state"] = "running"

    def on_trial_result(self, iteration: int, trials: Any, trial: Any, result: dict[str, Any], **info: Any) -> None:
        row = self._row(trial)
        row |= {
            "epoch": result["epoch"],
            "planned": result["planned_epochs"],
            "value": result["value"],
            "value_se": result["value_se"],
            "objective": result["objective"],
        }
        if self.live is None:
            self.console.print(self._line(row), highlight=False, soft_wrap=True)

    def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        row = self._row(trial)
        row["state"] = "completed" if row["epoch"] >= row["planned"] else "pruned"
        if self.live is None and row["state"] == "pruned":
            self.console.print(f"  {row['name']}: pruned after epoch {row['epoch']}", highlight=False, soft_wrap=True)

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        row = self._row(trial)
        row["state"] = "failed"
        self.console.print(f"  {row['name']}: failed: {failure_reason(trial)}", highlight=False, soft_wrap=True)

    def render(self) -> Group:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("trial", *self.axes, "epoch", self.metric, "state"):
            table.add_column(column, no_wrap=True, justify="right" if column in ("epoch", self.metric) else "left")
        best = self._best()
        for row in list(self.rows.values())[-24:]:
            style = "bold green" if row is best else "dim" if row["state"] in ("pruned", "failed") else ""
            cells = [_short(row["config"].get(axis)) for axis in self.axes]
            table.add_row(row["name"], *cells, _epochs(row), _value(row), row["state"], style=style)
        return Group(table, Text(self._summary()))

    def _summary(self) -> str:
        states = [row["state"] for row in self.rows.values()]
        done = sum(state in ("completed", "pruned", "failed") for state in states)
        elapsed = time.monotonic() - self.started
        parts = [f"{done} of {self.trials} done", f"{states.count('pruned')} pruned", f"{elapsed:.0f} s"]
        if 0 < done < self.trials:
            parts.append(f"about {elapsed / done * (self.trials - done):.0f} s to go")
        best = self._best()
        if best is not None:
            parts.append(f"best so far: {best['name']} {_value(best)}")
        return " · ".join(parts)

    def _best(self) -> dict[str, Any] | None:
        scored = [row for row in self.rows.values() if row["objective"] is not None]
        if not scored:
            return None
        return (max if self.mode == "max" else min)(scored, key=lambda row: row["objective"])

    def _row(self, trial: Any) -> dict[str, Any]:
        if trial.trial_id not in self.rows:
            run = trial.config.get("run")
            self.rows[trial.trial_id] = {
                "name": _name(run) if run else f"trial {len(self.rows) + 1}",
                "config": run["config"] if run else trial.config,
                "epoch": 0,
                "planned": 0,
                "value": None,
                "value_se": None,
                "objective": None,
                "state": "waiting",
            }
        return self.rows[trial.trial_id]

    def _line(self, row: Mapping[str, Any]) -> str:
        config = " ".join(f"{axis}={_short(row['config'].get(axis))}" for axis in self.axes if axis in row["config"])
        return f"  {row['name']}: epoch {_epochs(row)}  {self.metric} {_value(row)}  {config}"


def _name(run: Mapping[str, Any]) -> str:
    return str(run["arm"]) if run["seed"] is None else f"{run['arm']}, seed {run['seed']}"


def _epochs(row: Mapping[str, Any]) -> str:
    return f"{row['epoch']}/{row['planned']}" if row["planned"] else "-"


def _value(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return "-"
    spread = f" ± {row['value_se']:.3f}" if row["value_se"] is not None else ""
    return f"{row['value']:.3f}{spread}"


def _short(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.1e}" if value and math.fabs(value) < 1e-2 else f"{value:.3g}"
    return str(value)
