"""A stage in a terminal: the trial's number, epoch, value and state are whole at every width; what a trial is made of
takes the room that is left, without what all trials share. Below 100 columns, or where a table is wider than the
terminal, a trial is one line.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from sweeps.state.progress import COMPLETED, FAILED, PRUNED, RUNNING, STOPPED

NARROW_COLUMNS = 100
GAP = 2  # columns of the terminal between two of the table
MOST_ROWS = 24  # the latest: a terminal holds no more
OVER = (COMPLETED, PRUNED, FAILED, STOPPED)
SHORT = {
    "rank": "r",
    "learning_rate": "lr",
    "lora_dropout": "dropout",
    "target_modules": "modules",
    "model_size": "size",
    "alpha_ratio": "alpha/r",
    "quantization": "quant",
    "batch_size": "batch",
    "weight_decay": "decay",
}
SAY_ALONE = ("backbone", "model_size", "target_modules", "head", "scheduler")  # in a line: the value without its axis


@dataclass
class Row:
    """A trial as it stands now."""

    name: str  # trial 3, or finalist 1, seed 123
    values: Mapping[str, Any] = field(default_factory=dict)  # axis -> value
    epoch: int = 0
    planned_epochs: int = 0
    value: float | None = None
    value_se: float | None = None  # standard error over seeds or folds
    objective: float | None = None  # what ranks it
    status: str = RUNNING

    @property
    def over(self) -> bool:
        return self.status in OVER

    @property
    def state(self) -> str:
        """The status; of a running trial, whether it has trained an epoch in any session."""
        if self.status != RUNNING:
            return self.status
        return RUNNING if self.epoch else "starting"


def live_table(rows: Sequence[Row], axes: Sequence[str], metric: str, *, best: Row | None, width: int) -> Table | Text:
    """The latest rows for a terminal of `width` columns; `best` is marked by a star and in colour."""
    shown = list(rows)[-MOST_ROWS:]
    if not shown:
        return Text("workers are starting", style="dim")
    told = [axis for axis in axes if any(axis in row.values for row in rows)]
    varied = [axis for axis in told if len(shown) == 1 or len({repr(row.values.get(axis)) for row in shown}) > 1]
    if width < NARROW_COLUMNS or _table_columns(shown, varied, metric, best) > width:
        return _lines(shown, varied, best, width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("trial", no_wrap=True, min_width=max(len(_marked(row, best)) for row in shown))
    table.add_column("epoch", no_wrap=True, justify="right", min_width=max(5, *(len(epochs(row)) for row in shown)))
    table.add_column(metric, no_wrap=True, justify="right", min_width=max(len(metric), *(len(value(r)) for r in shown)))
    table.add_column("state", no_wrap=True, min_width=max(5, *(len(row.state) for row in shown)))
    for axis in varied:
        table.add_column(_heading(axis), no_wrap=True)
    for row in shown:
        cells = [short(row.values.get(axis)) for axis in varied]
        table.add_row(_marked(row, best), epochs(row), value(row), row.state, *cells, style=_style(row, best))
    return table


def _heading(axis: str) -> str:
    return axis if axis == "rank" else SHORT.get(axis, axis)


def _table_columns(rows: Sequence[Row], axes: Sequence[str], metric: str, best: Row | None) -> int:
    """How wide the table is where nothing of it is cut."""
    columns = [
        ["trial", *(_marked(row, best) for row in rows)],
        ["epoch", *map(epochs, rows)],
        [metric, *map(value, rows)],
        ["state", *(row.state for row in rows)],
        *([_heading(axis), *(short(row.values.get(axis)) for row in rows)] for axis in axes),
    ]
    return sum(max(map(len, column)) for column in columns) + GAP * (len(columns) - 1)


def _lines(rows: Sequence[Row], axes: Sequence[str], best: Row | None, width: int) -> Text:
    """`* 3  3/5  0.575 running  mini-200k r=16 lr=3.0e-03`, cut at the right end alone."""
    names = max(len(_marked(row, best).replace("trial ", "")) for row in rows)
    counts, values = max(len(epochs(row)) for row in rows), max(len(value(row)) for row in rows)
    states = max(len(row.state) for row in rows)
    text = Text(no_wrap=True, overflow="crop")
    for row in rows:
        name = _marked(row, best).replace("trial ", "")
        head = f"{name:<{names}}  {epochs(row):>{counts}}  {value(row):>{values}}  {row.state:<{states}}"
        line = f"{head}  {described(row.values, axes)}"
        cut = line if len(line) <= width else f"{line[: width - 1]}…"
        text.append(f"{cut}\n", style=_style(row, best))
    text.right_crop(1)
    return text


def described(values: Mapping[str, Any], axes: Sequence[str]) -> str:
    """The values of a trial in a few words."""
    known = [axis for axis in axes if values.get(axis) is not None]
    return " ".join(
        short(values[axis]) if axis in SAY_ALONE else f"{SHORT.get(axis, axis)}={short(values[axis])}" for axis in known
    )


def epochs(row: Row) -> str:
    return f"{row.epoch}/{row.planned_epochs}" if row.planned_epochs else "-"


def value(row: Row) -> str:
    if row.value is None:
        return "-"
    spread = f" ± {row.value_se:.3f}" if row.value_se is not None else ""
    return f"{row.value:.3f}{spread}"


def short(found: Any) -> str:
    if found is None:
        return "-"
    if isinstance(found, float):
        return f"{found:.1e}" if found and math.fabs(found) < 1e-2 else f"{found:.3g}"
    text = str(found)
    return Path(text).name if text.startswith("/") else text  # of a checkpoint's folder the name


def _marked(row: Row, best: Row | None) -> str:
    return f"* {row.name}" if row is best else f"  {row.name}"


def _style(row: Row, best: Row | None) -> str:
    return "bold green" if row is best else "dim" if row.status in (PRUNED, FAILED, STOPPED) else ""
