"""What the user sees while a sweep runs: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from sweeps.stage.live_table import Row, epochs, live_table, short, value
from sweeps.state.progress import FAILED, PRUNED, STOPPED, StageProgress, TrialProgress

ASK_SECONDS = 1.0  # how often it is asked whether the stage is paused


class StageView:
    """A row per trial: number, epoch, metric, state, configuration; what is done, and how long the rest takes.

    Without a terminal every result is one line, so that a log file reads well. `ranked`: the best trial is marked; in
    stage 2 nobody looks for a best seed. `paused` says whether somebody holds the stage back.
    """

    def __init__(
        self,
        console: Console,
        title: str,
        metric: str,
        mode: str,
        trials: int,
        axes: list[str],
        *,
        ranked: bool = True,
        paused: Callable[[], bool] = lambda: False,
    ) -> None:
        self.console = console
        self.title = title
        self.metric = metric
        self.mode = mode
        self.trials = trials
        self.axes = axes
        self.ranked = ranked
        self.live: Live | None = None
        self.rows: dict[str, Row] = {}
        self._since = time.monotonic()
        self._epochs_before = 0  # of earlier sessions
        self._clones: Callable[[], int] = lambda: 0
        self._paused, self._asked, self._is_paused = paused, float("-inf"), False

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
        self._clones = lambda: progress.clones
        for trial in progress.trials.values():
            self._row(trial)
        self._epochs_before = sum(row.epoch for row in self.rows.values())
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
        name = self._row(trial).name
        self.console.print(f"  {name}: goes on after: {trial.mended[-1]}", highlight=False, soft_wrap=True)

    def ended(self, trial: TrialProgress) -> None:
        row = self._row(trial)
        if trial.status == FAILED:
            self.console.print(f"  {row.name}: failed: {trial.reason}", highlight=False, soft_wrap=True, markup=False)
        elif trial.status in (PRUNED, STOPPED) and self.live is None:
            self.console.print(f"  {row.name}: {trial.status} after epoch {row.epoch}", highlight=False, soft_wrap=True)

    def render(self) -> Group:
        best = self.best()
        rows = list(self.rows.values())
        table = live_table(rows, self.axes, self.metric, best=best, width=self.console.width)
        return Group(table, Text(self._summary(best)))

    def _summary(self, best: Row | None) -> str:
        rows = list(self.rows.values())
        done = sum(row.over for row in rows)
        elapsed = time.monotonic() - self._since
        parts = [
            f"{done} of {self.total} done",
            f"{sum(row.status == PRUNED for row in rows)} pruned",
            _duration(elapsed),
        ]
        if self._held():
            parts.insert(0, "paused")
        elif (left := self.seconds_left()) is not None:
            parts.append(f"about {_duration(left)} to go")
        if best is not None:
            parts.append(f"best so far: {best.name} {value(best)}")
        return " · ".join(parts)

    @property
    def total(self) -> int:
        """Trials that there will be."""
        return self.trials + self._clones()

    def seconds_left(self) -> float | None:
        """By the pace of this session's own epochs; None before its first. A trial that is yet to begin counts as long
        as those that are over were, or as planned."""
        rows, total, elapsed = list(self.rows.values()), self.total, time.monotonic() - self._since
        trained = sum(row.epoch for row in rows) - self._epochs_before
        over = [row.epoch for row in rows if row.over]
        longest = max((row.planned_epochs for row in rows), default=0)
        if trained <= 0 or not longest or len(over) >= total:
            return None
        usual = sum(over) / len(over) if over else longest
        running = sum(max(0.0, usual - row.epoch) if usual > row.epoch else 1.0 for row in rows if not row.over)
        return elapsed / trained * (running + usual * max(0, total - len(rows)))

    def _held(self) -> bool:
        now = time.monotonic()
        if now - self._asked >= ASK_SECONDS:
            self._asked, self._is_paused = now, self._paused()
        return self._is_paused

    def best(self) -> Row | None:
        """The trial that leads; None before the first result, and where trials are not ranked."""
        scored = [row for row in self.rows.values() if row.objective is not None]
        if not scored or not self.ranked:
            return None
        return (max if self.mode == "max" else min)(scored, key=lambda row: row.objective or 0.0)

    def _row(self, trial: TrialProgress) -> Row:
        """The trial's row as it stands now."""
        assignment = trial.assignment
        row = self.rows.setdefault(trial.name, Row(assignment.label if assignment.arm else trial_name(trial.name)))
        last: Mapping[str, Any] = trial.last
        row.values, row.status = assignment.values, trial.status
        row.epoch, row.planned_epochs = last.get("epoch", 0), last.get("planned_epochs", row.planned_epochs)
        row.value, row.value_se, row.objective = last.get("value"), last.get("value_se"), last.get("objective")
        return row

    def _line(self, row: Row) -> str:
        config = " ".join(f"{axis}={short(row.values.get(axis))}" for axis in self.axes if axis in row.values)
        return f"  {row.name}: epoch {epochs(row)}  {self.metric} {value(row)}  {config}"


def trial_name(name: str) -> str:
    """`trial 3` for trial_00003: the number that MLflow shows and sweeps.control takes."""
    number = name.rpartition("_")[2]
    return f"trial {int(number)}" if number.isdigit() else name


def _duration(seconds: float) -> str:
    """`45 s`, `3 min`, `2 h 10 min`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
