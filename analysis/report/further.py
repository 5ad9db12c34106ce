"""The report's account of further test data (`data.evaluate`): every arm on every set, and the best arm against the
baseline there. The verdict rests on the sweep's own test clips alone."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.predictions.tags import metric_of
from analysis.record.sweep import Arm, Recorded
from analysis.report.document import Block, Section, Table, Text
from analysis.report.numbers import signed, value
from analysis.report.results import texts_note
from analysis.stats.finding import CLAIMS
from analysis.verdict.comparison import compare
from trainables.errors import InputError
from trainables.records import FURTHER, Predictions, further_name


def further_section(recorded: Recorded) -> Section | None:
    """None where the sweep has no further test data."""
    splits = sorted(
        {
            name.partition("/")[0]
            for run in recorded.confirm_runs
            for name in run.metrics
            if name.startswith(FURTHER) and "/" in name
        }
    )
    return (
        Section("Further test data", [*(_table(recorded, split) for split in splits), *texts_note(recorded), _NOTE])
        if splits
        else None
    )


_NOTE: Block = Text(
    "Each set on its own; intervals are 95 %, without correction for the number of sets or arms, and no set takes part "
    "in the verdict.",
    "note",
)


def _table(recorded: Recorded, split: str) -> Block:
    name, metric = further_name(split), recorded.metric
    answers = {arm.name: recorded.by_seed(arm, name) for arm in recorded.arms}
    baseline = next((answers[arm.name] for arm in recorded.arms if arm.role == "baseline"), {})
    rows = []
    for arm in recorded.arms:
        runs = answers[arm.name]
        finalist = arm.role == "finalist" and bool(baseline)
        gap, interval = _against(runs, baseline, metric) if finalist else ("-", "-")
        means = [value(_mean(recorded, arm, f"{split}/{shown}")) for shown in _metrics(recorded, split)]
        rows.append((arm.name, *means, gap, interval))
    first = next((run for runs in answers.values() for run in runs.values()), None)
    size = "" if first is None else f"{len(first):,} clips of {len(set(first.groups)):,} groups; "
    header = ("arm", *_metrics(recorded, split), f"{metric}: minus baseline", "95 % interval")
    return Table(header, rows, f"{name}: {size}means over seeds.")


def _metrics(recorded: Recorded, split: str) -> list[str]:
    """The objective's first; the loss of texts is none of their own."""
    logged = {
        name.partition("/")[2] for run in recorded.confirm_runs for name in run.metrics if name.startswith(f"{split}/")
    }
    return [recorded.metric, *sorted(logged - {recorded.metric, "loss"})]


def _mean(recorded: Recorded, arm: Arm, name: str) -> float | None:
    found = [run.metrics[name] for run in recorded.counted(arm) if name in run.metrics]
    return sum(found) / len(found) if found else None


def _against(ours: Mapping[int, Predictions], theirs: Mapping[int, Predictions], metric: str) -> tuple[str, str]:
    """The difference and its interval, or why there is none."""
    score = metric_of(metric, [*ours.values(), *theirs.values()])
    if score is None:
        return "-", "-"
    try:
        found = compare(ours, theirs, score, metric_name=metric)
    except InputError as error:
        return "-", f"cannot tell: {error}"
    if found.interval is None:
        return signed(found.difference), "cannot tell"
    limited = "" if found.claim == "population" else f" ({CLAIMS[found.claim]})"
    return signed(found.difference), f"{signed(found.interval[0])} to {signed(found.interval[1])}{limited}"
