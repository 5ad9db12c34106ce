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

from sweeps.state.progress import COMPLETED, FAILED, PRUNED, STOPPED, StageProgress, TrialProgress


class StageView:
    """A row per trial: configuration, epoch, metric, state; and the best so far.

    Without a terminal every result is one line, so that a log file reads well.
    """

    def __init__(self, console: Console, title: str, metric: str, mode: str, trials: int, axes: list[str]) -> None:
        self.console = console
        self.title = title
        self.metric = metric
        self.mode = mode
        self.trials = trials
        self.axes = axes
        self.live: Live | None = None
        self.since = time.monotonic()
        self.rows: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> StageView:
        self.console.print(self.title, style="bold", markup=False)
        if self.console.is_terminal:
            self.live = Live(console=self.console, refresh_per_second=4, get_renderable=self.render)
            self.live.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        if self.live is not None:
            self.live.stop()

    def catch_up(self, progress: StageProgress) -> None:
        """Shows the trials that an earlier session has begun, without a line for each."""
        for trial in progress.trials.values():
            self._row(trial)
        over = sum(trial.over for trial in progress.trials.values())
        if progress.trials:
            self.console.print(
                f"  taken up: {over} of {len(progress.trials)} begun were over, "
                f"{len(progress.trials) - over} go on from their last epoch"
            )

    def started(self, trial: TrialProgress) -> None:
        self._row(trial)

    def reported(self, trial: TrialProgress) -> None:
        row = self._row(trial)
        if self.live is None:
            self.console.print(self._line(row), highlight=False, soft_wrap=True, markup=False)

    def retried(self, trial: TrialProgress) -> None:
        name = self._row(trial)["name"]
        self.console.print(f"  {name}: goes on after: {trial.mended[-1]}", highlight=False, soft_wrap=True)

    def ended(self, trial: TrialProgress) -> None:
        row = self._row(trial)
        if trial.status == FAILED:
            self.console.print(
                f"  {row['name']}: failed: {trial.reason}", highlight=False, soft_wrap=True, markup=False
            )
        elif trial.status in (PRUNED, STOPPED) and self.live is None:
            self.console.print(
                f"  {row['name']}: {trial.status} after epoch {row['epoch']}", highlight=False, soft_wrap=True
            )

    def render(self) -> Group:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("trial", *self.axes, "epoch", self.metric, "state"):
            table.add_column(column, no_wrap=True, justify="right" if column in ("epoch", self.metric) else "left")
        best = self._best()
        for row in list(self.rows.values())[-24:]:
            style = "bold green" if row is best else "dim" if row["state"] in (PRUNED, FAILED, STOPPED) else ""
            cells = [_short(row["values"].get(axis)) for axis in self.axes]
            table.add_row(row["name"], *cells, _epochs(row), _value(row), row["state"], style=style)
        return Group(table, Text(self._summary()))

    def _summary(self) -> str:
        states = [row["state"] for row in self.rows.values()]
        done = sum(state in (COMPLETED, PRUNED, FAILED, STOPPED) for state in states)
        elapsed = time.monotonic() - self.since
        parts = [f"{done} of {self.trials} done", f"{states.count(PRUNED)} pruned", f"{elapsed:.0f} s"]
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

    def _row(self, trial: TrialProgress) -> dict[str, Any]:
        """The trial's row as it stands now."""
        assignment = trial.assignment
        row = self.rows.setdefault(trial.name, {"name": assignment.label if assignment.arm else trial_name(trial.name)})
        last = trial.last
        row |= {
            "values": assignment.values,
            "epoch": last.get("epoch", 0),
            "planned": last.get("planned_epochs", 0),
            "value": last.get("value"),
            "value_se": last.get("value_se"),
            "objective": last.get("objective"),
            "state": trial.status,
        }
        return row

    def _line(self, row: Mapping[str, Any]) -> str:
        config = " ".join(f"{axis}={_short(row['values'].get(axis))}" for axis in self.axes if axis in row["values"])
        return f"  {row['name']}: epoch {_epochs(row)}  {self.metric} {_value(row)}  {config}"


def trial_name(name: str) -> str:
    """`trial 3` for trial_00003: the number that MLflow shows and sweeps.control takes."""
    number = name.rpartition("_")[2]
    return f"trial {int(number)}" if number.isdigit() else name


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
