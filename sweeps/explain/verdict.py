"""Stage 2 in plain words: what the verdict rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.stats.finding import CLAIMS
from analysis.verdict.labels import in_words, renamed
from analysis.verdict.wording import constant_sentence, level, look_in_words, stopping
from sweeps.state.progress import StageProgress

if TYPE_CHECKING:
    from analysis.record.reader import ConfirmRun
    from analysis.verdict.comparison import Comparison
    from analysis.verdict.result import Verdict


def rests_on(found: Verdict) -> list[str]:
    """Clips, groups, seeds and tests, a line each."""
    shown = renamed(found)
    compared = [*shown.against_baseline, *shown.among_finalists]
    lines = []
    if compared:
        first = compared[0]
        lines.append(
            f"{first.examples:,} test clips of {first.groups:,} groups, answered once by every arm under the seeds "
            f"{_seeds(shown)}; the search saw none of them."
        )
    lines += [_test(each) for each in compared]
    if shown.against_untuned is not None:
        lines.append(f"{_test(shown.against_untuned)} This one is in no family.")
    if compared:
        lines.append(
            "p is corrected by Holm among the finalists against the baseline, and among the pairs of finalists; "
            f"{level(found.alpha, found.look)}."
        )
        if said := stopping(shown):
            lines.append(said)
        claims = dict.fromkeys(CLAIMS[each.claim] for each in compared)
        lines.append(f"What is claimed is about {' / '.join(claims)}.")
    if floor := constant_sentence(shown):
        lines.append(floor)
    return [*lines, *(f"Note: {warning}" for warning in (*shown.warnings, *shown.design))]


def _seeds(shown: Verdict) -> str:
    """`123, 456`; where looks ended some arms sooner, the seeds of each."""
    arms: dict[tuple[int, ...], list[str]] = {}
    for row in shown.rows:
        if row.role != "untuned":
            arms.setdefault(tuple(sorted(row.values)), []).append(row.name)
    said = {", ".join(map(str, seeds)): ", ".join(names) for seeds, names in arms.items()}
    if len(said) == 1:
        return next(iter(said))
    return "; ".join(f"{seeds} ({names})" for seeds, names in said.items())


def looks(stage: Path, labels: Mapping[str, str]) -> list[str]:
    """What the looks at a running stage 2 decided, a line each; `labels`: what the verdict calls the arms."""
    progress = StageProgress(stage, watching=True)
    return [
        in_words(look_in_words(looked, number, progress.looks), labels)
        for number, looked in enumerate(progress.looked, start=1)
    ]


def confirm_lines(found: Verdict | None, runs: Sequence[ConfirmRun]) -> list[str]:
    """A line a run of stage 2: its arm, seed, test value and run id."""
    labels = {} if found is None else found.labels
    values = (
        {} if found is None else {(row.name, seed): value for row in found.rows for seed, value in row.values.items()}
    )
    places = {} if found is None else {row.name: place for place, row in enumerate(found.rows)}
    lines = []
    for run in sorted(runs, key=lambda run: (places.get(run.arm, len(places)), run.arm, run.fold, run.seed or 0)):
        value = values.get((run.arm, run.seed or 0))
        metric = "" if found is None or value is None else f"{found.metric} {value:.4f}"
        seed = "" if run.seed is None else f", seed {run.seed}"
        fold = "" if run.fold == "-" else f", outer fold {run.fold}"
        state = metric or ("in the test value of its arm" if run.status == "completed" else run.status)
        lines.append(f"{labels.get(run.arm, run.arm)}{seed}{fold}: {state}. Run {run.run_id}.")
    return lines


def _test(each: Comparison) -> str:
    interval = "cannot tell" if each.interval is None else f"{each.interval[0]:+.4f} to {each.interval[1]:+.4f}"
    p = "nothing can be tested" if each.adjusted_p_value is None else f"p {_p(each.adjusted_p_value)}"
    level_in_words = f"{100 * (1 - each.alpha):.4g} %"
    return (
        f"{each.first} minus {each.second}: {each.difference:+.4f} ({level_in_words} interval {interval}, {p}), by "
        f"{each.method}."
    )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"
