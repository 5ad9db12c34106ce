"""The report's account of stage 1: how the trials went, which choice mattered, what quality costs, what was spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analysis.predictions.tags import metric_of
from analysis.record.sweep import Recorded, Run, Trial
from analysis.report import plots_search
from analysis.report.axis_blocks import axes_of, effect_blocks, shown_value
from analysis.report.document import Block, Heading, Picture, Pictures, Section, Table, Text, slug
from analysis.report.importance import PED_ANOVA_ASKS, SAMPLER_BIAS, Importance, importance
from analysis.report.marginal import marginal
from analysis.report.methods import drawn_at_random
from analysis.report.numbers import bytes_of, duration, value
from analysis.report.pareto import Placed, placed, qualities
from trainables.records import TAG_SESSIONS

STREAM = 42  # of the bootstraps: the same record, the same report
COSTS = {  # name of a cost -> (axis label, unit divisor)
    "trainable_params": ("trainable parameters", 1.0),
    "adapter_bytes": ("adapter on disk, MiB (32 bit)", 2.0**20),
    "memory_bytes": ("peak memory of its worker, GiB", 2.0**30),
    "seconds": ("training time of a run, s", 1.0),
}
FEWEST_FOR_A_CURVE = 10


def search_section(recorded: Recorded) -> Section:
    """Learning curves and the trials' table."""
    finalists = _finalist_ranks(recorded)
    lines = [
        plots_search.Line(
            name=f"trial {trial.number}",
            epochs=list(trial.curve),
            values=list(trial.curve.values()),
            completed=trial.completed,
            finalist=finalists.get(trial.number),
        )
        for trial in recorded.trials
        if trial.curve
    ]
    blocks: list[Block] = []
    if lines:
        caption = "Every trial of the search by epoch; crosses are trials that were stopped there."
        svg = plots_search.learning_curves(lines, recorded.objective)
        blocks.append(Pictures([Picture("learning-curves", svg, caption)]))
    ordered = sorted(recorded.trials, key=lambda trial: _rank(trial, recorded.mode))
    header = ("trial", recorded.objective, "epochs", *recorded.axes)
    rows = [
        (
            f"{trial.number}" + (f" (finalist {finalists[trial.number]})" if trial.number in finalists else ""),
            value(trial.value),
            f"{max(trial.curve, default=0)}" + ("" if trial.completed else f", {trial.status}"),
            *(shown_value(trial.axes.get(axis)) for axis in recorded.axes),
        )
        for trial in ordered
    ]
    blocks.append(Table(header, rows, "Trials, those that were trained to the end first."))
    blocks += [Text(f"By hand: {said}", "note") for said in recorded.steered]
    failures = dict.fromkeys(run.reason for trial in recorded.trials for run in trial.runs if run.reason)
    blocks += [Text(f"A run failed: {reason}", "warning") for reason in failures]
    return Section("The search", blocks)


def importance_section(recorded: Recorded) -> Section:
    """Effects in the objective's unit, PED-ANOVA beside them, by the first rung's value and by the last; marginals;
    rank against alpha."""
    rng = np.random.default_rng(STREAM)
    rung = recorded.first_rung
    early = [trial for trial in recorded.trials if rung is not None and rung in trial.curve]
    late = [trial for trial in recorded.trials if trial.completed]
    if rung is None or not recorded.axes:
        return Section("Which choice mattered", [Text("Cannot tell: no axis was open, or no trial reached an epoch.")])
    stages = [
        (f"after epoch {rung}", early, [trial.curve[rung] for trial in early]),
        ("at the end", late, [trial.value or 0.0 for trial in late]),
    ]
    columns = [(title, _importance(trials, values, recorded, rng)) for title, trials, values in stages]
    blocks = effect_blocks(stages, recorded)
    known = [(title, found) for title, found in columns if found.shares]
    if known:
        svg = plots_search.importances(known)
        caption = f"Importance for reaching the best quarter (PED-ANOVA) on {recorded.objective}."
        blocks += [Pictures([Picture("importance", svg, caption)]), Text(PED_ANOVA_ASKS, "note")]
    for title, found in columns:
        if found.note:
            blocks.append(Text(f"{title[0].upper()}{title[1:]}: {found.note}.", "note"))
    blocks.append(
        Text(
            f"After epoch {rung} every trial has a value ({len(early)}); at the end only those that were not stopped "
            f"({len(late)}). {drawn_at_random(recorded)} {SAMPLER_BIAS}",
            "note",
        )
    )
    enough = bool(columns[0][1].shares)
    blocks.append(Heading("Along each axis"))
    blocks.append(
        Text(
            "Filled: trained to the end; hollow: stopped earlier. Lines are means over all other axes, with the middle "
            "95 % of resamples; they are drawn where there are trials enough. Under the pointer: the trial.",
            "note",
        )
    )
    blocks.append(Pictures(_along_axes(recorded, early, rung, enough, rng)))
    return Section("Which choice mattered", blocks)


def _importance(
    trials: Sequence[Trial], values: Sequence[float], recorded: Recorded, rng: np.random.Generator
) -> Importance:
    return importance(axes_of(trials, recorded), values, mode=recorded.mode, rng=rng)


def _along_axes(
    recorded: Recorded, trials: Sequence[Trial], rung: int, enough: bool, rng: np.random.Generator
) -> list[Picture]:
    """One picture an axis; means and curves only where the whole had trials enough."""
    label = f"{recorded.objective}, epoch {rung}"
    found = []
    for axis in recorded.axes:
        here = [trial for trial in trials if axis in trial.axes]
        taken, values = [trial.axes[axis] for trial in here], [trial.curve[rung] for trial in here]
        if len(here) < 2 or len(set(map(str, taken))) < 2:
            continue
        scale = recorded.scales.get(axis)
        curve = marginal(axis, taken, values, rng, scale) if enough and len(here) >= FEWEST_FOR_A_CURVE else None
        svg = plots_search.along_axis(
            axis,
            taken,
            values,
            [trial.completed for trial in here],
            label,
            curve,
            scale,
            [f"trial {t.number}: {axis} {shown_value(t.axes[axis])}, {value(t.curve[rung])}" for t in here],
        )
        caption = axis if curve is None else f"{axis}, with the mean over all other axes."
        found.append(Picture(f"axis-{slug(axis)}", svg, caption))
    pairs = [(t.runs[0].params.get("rank"), t.runs[0].params.get("alpha"), t) for t in trials]
    both = [(rank, alpha, trial) for rank, alpha, trial in pairs if rank and alpha]
    if len({rank for rank, _, _ in both}) > 1 or len({alpha for _, alpha, _ in both}) > 1:
        svg = plots_search.rank_alpha(
            [rank for rank, _, _ in both],
            [alpha for _, alpha, _ in both],
            [trial.curve[rung] for _, _, trial in both],
            [trial.completed for _, _, trial in both],
            label,
        )
        found.append(Picture("rank-alpha", svg, "Rank and alpha of every trial; lines join equal scale alpha / rank."))
    return found


def cost_section(recorded: Recorded) -> Section:
    """Quality against what it costs."""
    done = {f"trial {trial.number}": trial for trial in recorded.trials if trial.completed}
    if not done:
        return Section("Quality and cost", [Text("Cannot tell: no trial was trained to the end.")])
    left = {
        name: [found for run in trial.runs if (found := recorded.predictions(run, "validation")) is not None]
        for name, trial in done.items()
    }
    values = {name: trial.value for name, trial in done.items() if trial.value is not None}
    metric = metric_of(recorded.metric, [run for runs in left.values() for run in runs])
    quality = qualities(left, values, metric, np.random.default_rng(STREAM))
    drawn, columns, absent = [], {}, []
    for cost, (label, unit) in COSTS.items():
        known = {name: trial.cost(cost) for name, trial in done.items()}
        costs = {name: found / unit for name, found in known.items() if found is not None}
        if not costs:
            absent.append(label.partition(",")[0])
            continue
        rows = placed(costs, quality, recorded.mode)
        columns[cost] = {row.name: row for row in rows}
        svg = plots_search.pareto(rows, label, f"{recorded.objective} at the end", mode=recorded.mode)
        drawn.append(
            Picture(
                f"pareto-{slug(cost)}", svg, f"By {label}; bars on the front are 95 % intervals over validation groups."
            )
        )
    blocks: list[Block] = [Pictures(drawn), _front_table(done, columns, recorded)]
    if absent:
        blocks.append(Text(f"Not recorded: {', '.join(absent)}.", "note"))
    blocks.append(
        Text(
            "On the front: no other trial is at least as good for no more. In brackets the share of resamples of the "
            "validation groups in which it is. The search ranked by these values, so the best are optimistic.",
            "note",
        )
    )
    return Section("Quality and cost", blocks)


def _front_table(done: Mapping[str, Trial], columns: Mapping[str, Mapping[str, Placed]], recorded: Recorded) -> Table:
    shown = {name for rows in columns.values() for name, row in rows.items() if row.on_front}
    formats = {"trainable_params": lambda n: f"{n:,.0f}", "seconds": duration}
    body = []
    for name in sorted(shown, key=lambda name: _rank(done[name], recorded.mode)):
        cells = []
        for cost, rows in columns.items():
            row, raw = rows.get(name), done[name].cost(cost)
            text = "-" if raw is None else formats.get(cost, bytes_of)(raw)
            if row is not None and row.on_front:
                text += " front" + ("" if row.front_share is None else f" ({100 * row.front_share:.0f} %)")
            cells.append(text)
        body.append((name, value(done[name].value), *cells))
    header = ("trial", recorded.objective, *(COSTS[cost][0].partition(",")[0] for cost in columns))
    return Table(header, body, "Trials on some front.")


def spend_section(recorded: Recorded) -> Section:
    """Runs, epochs and time by stage, and what pruning saved."""
    explored = [run for trial in recorded.trials for run in trial.runs]
    stopped = ("stopped",) if any(run.status == "stopped" for run in explored) else ()
    statuses = ("completed", "pruned", *stopped, "failed")
    header = ("stage", "runs", *statuses, "epochs", "training time")
    rows = [_spent("search", explored, statuses), _spent("fresh seeds", recorded.confirm_runs, statuses)]
    blocks: list[Block] = [Table(header, rows)]
    planned = max((run.epochs for run in explored if run.status == "completed"), default=0)
    pruned = [run for run in explored if run.status == "pruned"]
    if planned and pruned:
        saved = sum(planned - run.epochs for run in pruned)
        whole = planned * len(explored)
        times = [(planned - run.epochs) * run.seconds / run.epochs for run in pruned if run.seconds and run.epochs]
        took = f", about {duration(sum(times))} of training" if times else ""
        blocks.append(
            Text(f"Pruning saved {saved} of {whole} epochs of the search ({100 * saved / whole:.0f} %){took}.")
        )
    elif planned:
        blocks.append(Text("Nothing was pruned."))
    metrics = recorded.source.parent.data.metrics
    if "sweep/seconds" in metrics:
        sessions = recorded.tags.get(TAG_SESSIONS, "1")
        over = f", over {sessions} sessions, without the time between them" if sessions != "1" else ""
        blocks.append(Text(f"The whole sweep took {duration(metrics['sweep/seconds'])}{over}."))
    return Section("What was spent", blocks)


def _spent(stage: str, runs: Sequence[Run], statuses: Sequence[str]) -> tuple[str, ...]:
    by_status = [sum(run.status == status for run in runs) for status in statuses]
    seconds = [run.seconds for run in runs if run.seconds is not None]
    epochs = sum(run.epochs for run in runs)
    return (stage, str(len(runs)), *map(str, by_status), str(epochs), duration(sum(seconds)) if seconds else "-")


def _finalist_ranks(recorded: Recorded) -> dict[int, int]:
    """Trial number -> rank among the finalists; of outer folds, within its own."""
    ids = {
        run.config_id: arm.rank for arm in recorded.arms if arm.rank is not None for run in (*arm.runs, *arm.explored)
    }
    found: dict[int, int] = {}
    for trial in sorted(recorded.trials, key=lambda trial: _rank(trial, recorded.mode)):
        rank = ids.pop(trial.runs[0].config_id, None) if trial.completed else None
        if rank is not None:
            found[trial.number] = rank
    return found


def _rank(trial: Trial, mode: str) -> tuple[bool, float]:
    reached = trial.value if trial.value is not None else float("-inf") * (1 if mode == "max" else -1)
    return (not trial.completed, -reached if mode == "max" else reached)
