"""Several sweeps of one data set in one report: what each found, and whether the best of one beats the best of another.

Compared is the finalist that each search's validation clips put first: had the test clips chosen it, the same clips
could not judge it. The comparison is that of `analysis.compare`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from analysis.compare.comparison import Compared, compare_sources
from analysis.compare.sources import Source, told_of_looks
from analysis.record.sweep import Arm, Recorded
from analysis.report import plots
from analysis.report.document import Block, Document, Picture, Pictures, Section, Table, Text
from analysis.report.numbers import duration, value
from analysis.report.results import comparisons_table
from analysis.stats.estimate import confidence_percent
from trainables.errors import InputError
from trainables.records import PARAM_DATA, PARAM_TEXTS

WHEN = re.compile(r"-\d{8}-\d{6}-[0-9a-z]+$")  # what an id adds to the sweep's name
ALIKE: Mapping[str, Callable[[Recorded], str]] = {  # without which nothing can be compared
    "data": lambda sweep: sweep.params.get(PARAM_DATA, "unknown"),
    "metric": lambda sweep: f"{sweep.metric} ({sweep.mode})",
    "form of texts": lambda sweep: sweep.params.get(PARAM_TEXTS, "none"),
}


def side_by_side(sweeps: Sequence[Recorded], *, rng: np.random.Generator, alpha: float = 0.05) -> Document:
    """`rng` draws for the bootstrap of the comparison; `alpha` is shared by its family, all pairs of sweeps.

    Raises InputError: a sweep that stands twice, without a verdict or a finalist with test answers, other data, another
    metric, other test clips.
    """
    refuse_unlike(sweeps)
    names = short_names([sweep.name for sweep in sweeps])
    first = {name: first_finalist(sweep) for name, sweep in zip(names, sweeps, strict=True)}
    compared = compare_sources(
        [
            Source(
                f"{name}: {arm.name}",
                dict(sweep.by_seed(arm)),
                metric=sweep.metric,
                scored_as=sweep.params.get(PARAM_TEXTS),
                warnings=tuple(told_of_looks(sweep.source)),
            )
            for (name, arm), sweep in zip(first.items(), sweeps, strict=True)
        ],
        alpha=alpha,
        rng=rng,
    )
    sections = [
        Section("Sweeps", _sweeps(names, sweeps)),
        Section("The best of each search", _compared(compared)),
        Section("All arms", [_arms(names, sweeps)]),
        Section("What else differs", [_differences(names, sweeps)]),
    ]
    return Document(f"{len(sweeps)} sweeps of one data set", _opening(compared, sweeps), sections)


def refuse_unlike(sweeps: Sequence[Recorded]) -> None:
    """Raises InputError with every reason why these cannot stand side by side."""
    ids = [sweep.name for sweep in sweeps]
    problems = [f"SWEEP: {name} stands twice." for name in sorted({name for name in ids if ids.count(name) > 1})]
    problems += [f"SWEEP: {sweep.name} has no verdict: it {sweep.state}." for sweep in sweeps if sweep.verdict is None]
    for what, of in ALIKE.items():
        found = {sweep.name: of(sweep) for sweep in sweeps}
        if len({*found.values()}) > 1:
            told = "; ".join(f"{name}: {each[:40]}" for name, each in found.items())
            problems.append(f"SWEEP: the {what} must be the same in all of them ({told}).")
    if problems:
        raise InputError(problems)


def first_finalist(sweep: Recorded) -> Arm:
    """What the validation clips put first. Raises InputError where it has no test answers."""
    for arm in sorted((arm for arm in sweep.arms if arm.rank is not None), key=lambda arm: arm.rank or 0)[:1]:
        if sweep.by_seed(arm):
            return arm
    raise InputError(f"SWEEP: {sweep.name} has no test answers of the finalist that its search put first.")


def short_names(ids: Sequence[str]) -> list[str]:
    """The sweeps' names where they tell them apart, else their ids."""
    names = [WHEN.sub("", sweep_id) for sweep_id in ids]
    return [own if names.count(own) == 1 else sweep_id for own, sweep_id in zip(names, ids, strict=True)]


def _opening(compared: Compared, sweeps: Sequence[Recorded]) -> list[Block]:
    miniature = [sweep.name for sweep in sweeps if sweep.miniature]
    blocks: list[Block] = []
    if miniature:
        blocks.append(
            Text(f"Of miniatures, which say nothing about published models: {', '.join(miniature)}.", "warning")
        )
    blocks.append(Text(compared.sentence(), "verdict"))
    blocks += [Text(warning, "warning") for warning in compared.warnings]
    blocks.append(
        Text(
            "Compared is the finalist that each search's validation clips put first; no test clip chose it. "
            f"{compared.examples:,} test clips in {compared.groups:,} groups; {compared.family}. Every sweep has also "
            "used these test clips for a verdict of its own: what is chosen by reading this page needs new test clips.",
            "note",
        )
    )
    return blocks


def _sweeps(names: Sequence[str], sweeps: Sequence[Recorded]) -> list[Block]:
    rows = [
        (
            name,
            sweep.name,
            ", ".join(sweep.axes) or "-",
            f"{len(sweep.trials)}",
            f"{len(sweep.confirm_runs)}",
            duration(_seconds(sweep)),
        )
        for name, sweep in zip(names, sweeps, strict=True)
    ]
    header = ("sweep", "id", "open axes", "trials", "confirm runs", "time of training")
    said = [Text(f"{name}: {sweep.sentence}") for name, sweep in zip(names, sweeps, strict=True)]
    return [Table(header, rows, "Time of training: of all runs, added up."), *said]


def _seconds(sweep: Recorded) -> float | None:
    """None where no run has a time."""
    runs = [*(run for trial in sweep.trials for run in trial.runs), *sweep.confirm_runs]
    known = [run.seconds for run in runs if run.seconds is not None]
    return sum(known) if known else None


def _compared(compared: Compared) -> list[Block]:
    verdict = compared.verdict
    seeds = [(row.name, list(row.values.values())) for row in verdict.rows]
    pairs = [(f"{c.first} −\n{c.second}", c.difference, c.interval) for c in verdict.among_finalists]
    level = f"{confidence_percent(verdict.alpha)} %"
    drawn = [
        Picture(
            "per-seed", plots.per_seed(seeds, verdict.metric), f"{verdict.metric} of every confirm run; bars: means."
        ),
        Picture(
            "differences",
            plots.differences(pairs, f"difference in {verdict.metric}"),
            f"Differences with simultaneous {level} intervals; thick where they exclude 0.",
        ),
    ]
    return [Pictures(drawn), comparisons_table(verdict, verdict.among_finalists)]


def _arms(names: Sequence[str], sweeps: Sequence[Recorded]) -> Table:
    """Best first."""
    found = [
        (name, row)
        for name, sweep in zip(names, sweeps, strict=True)
        for row in (sweep.verdict.rows if sweep.verdict else ())
    ]
    found.sort(key=lambda pair: pair[1].mean, reverse=sweeps[0].mode == "max")
    rows = [
        (
            name,
            row.name,
            value(row.mean),
            "-" if row.interval is None else f"{value(row.interval[0])} to {value(row.interval[1])}",
            f"{len(row.values)}",
        )
        for name, row in found
    ]
    return Table(
        ("sweep", "arm", f"test {sweeps[0].metric}", "interval", "seeds"),
        rows,
        "Each arm's interval as its own sweep's verdict gives it, of that arm by itself. Arms of two sweeps that "
        "differ here are not shown to differ by that: the comparison above tests it.",
    )


def _differences(names: Sequence[str], sweeps: Sequence[Recorded]) -> Table:
    """What the sweeps' records say of how they ran, where it is not the same."""
    params = [sweep.params for sweep in sweeps]
    keys = sorted({key for own in params for key in own})
    rows = [
        (key, *(own.get(key, "-")[:60] for own in params)) for key in keys if len({own.get(key) for own in params}) > 1
    ]
    caption = "" if rows else "Their records say nothing that is not the same."
    return Table(("of the record", *names), rows, caption, sortable=False)
