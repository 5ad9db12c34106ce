"""Stage 2 in plain words: what the verdict rests on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.stats.finding import CLAIMS
from analysis.verdict.labels import renamed
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
        seeds = ", ".join(map(str, first.seeds))
        lines.append(
            f"{first.examples:,} test clips of {first.groups:,} groups, answered once by every arm under the seeds "
            f"{seeds}; the search saw none of them."
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
    return [*lines, *(f"Note: {warning}" for warning in shown.warnings)]


def looks(stage: Path) -> list[str]:
    """What the looks at a running stage 2 decided, a line each."""
    progress = StageProgress(stage, watching=True)
    return [look_in_words(looked, number, progress.looks) for number, looked in enumerate(progress.looked, start=1)]


def confirm_lines(found: Verdict | None, runs: Sequence[ConfirmRun]) -> list[str]:
    """A line a run of stage 2: its arm, seed, test value and run id."""
    labels = {} if found is None else found.labels
    values = (
        {} if found is None else {(row.name, seed): value for row in found.rows for seed, value in row.values.items()}
    )
    lines = []
    for run in runs:
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
