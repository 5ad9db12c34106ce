"""The head of a run: at most five lines, and one for the dashboard; everything else there is to say is in the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from sweeps.plan.data_view import left_over
from sweeps.plan.plan import Plan
from sweeps.plan.splits_view import clips_of
from sweeps.plan.view import ADVICE, render, stages_in_short

PLAN_FILE = "plan.txt"
PLAN_COLUMNS = 150


def head(plan: Plan) -> list[Text]:
    """What runs, on which clips, how long at most, and what to look out for: four lines at most."""
    sides = ", ".join(f"{clips_of(plan.splits, split)} {split}" for split in plan.groups)
    rest = left_over(plan.understood)
    lines = [
        Text(f"{plan.name}: {plan.objective}, {plan.task} by {plan.backbone} on {plan.profile}", style="bold"),
        Text(f"{sides} clips of {plan.source}" + (f"; {rest}" if rest else "")),
        Text(stages_in_short(plan)),
    ]
    if plan.miniature:
        by = f"{plan.name}: {plan.objective}, {plan.task} by the MINIATURE of {plan.backbone} on {plan.profile}"
        lines[0] = Text(f"{by}; {plan.weights_reason}", style=f"bold {ADVICE}")
    notes = [*plan.understood.advice, *plan.warnings, *([] if plan.miniature else plan.advice)]
    if notes:
        count = "1 note" if len(notes) == 1 else f"{len(notes)} notes, the first"
        lines.append(Text(f"{count}: {notes[0]}", style=ADVICE))
    return lines


def plan_facts(plan: Plan) -> dict[str, Any]:
    """What a program that reads along has to know of a run."""
    return {
        "name": plan.name,
        "backbone": plan.backbone,
        "objective": plan.objective,
        "trials": plan.stages.trials,
        "confirm_runs": plan.stages.confirm_runs,
        "looks": list(plan.stages.looks),
        "miniature": plan.miniature,
        "notes": [*plan.understood.advice, *plan.warnings, *plan.advice],
    }


def print_head(console: Console, plan: Plan, plan_file: str, *, again: bool = False) -> None:
    """Prints the head, and where the whole plan is; `again`: of a sweep that goes on, without its clips and stages. A
    terminal cuts a line at its right end, so that none becomes two.
    """
    lines = head(plan)
    for line in [lines[0], *lines[3:]] if again else lines:
        if console.is_terminal:
            line.truncate(console.width, overflow="ellipsis")
        console.print(line, soft_wrap=True)
    console.print(f"Plan:      {plan_file}", soft_wrap=True, markup=False)


def write_plan(plan: Plan, folder: Path) -> Path:
    """The whole plan as text, in the sweep's folder."""
    path = folder / PLAN_FILE
    with path.open("w", encoding="utf-8") as file:
        console = Console(file=file, width=PLAN_COLUMNS, highlight=False, color_system=None)
        console.print(render(plan))
        console.print(plan.next_command, soft_wrap=True, markup=False)
    return path
