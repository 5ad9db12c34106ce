"""`data.evaluate`: further test data, answered in stage 2 by every confirm run and the untuned backbone, each set under
a prefix of its own (`test_<name>/wer`). They take no part in the search, nor in the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from rich.table import Table

from sweeps.config.spec import SweepSpec
from trainables.data.overlap import overlaps
from trainables.errors import InputError
from trainables.records import further_name, further_split

if TYPE_CHECKING:
    from sweeps.confirm import Confirmed
    from trainables.data.examples import Example


@dataclass(frozen=True)
class EvaluationRow:
    """One further test set, for the plan."""

    name: str
    source: str
    clips: int
    groups: int


def read_evaluations(
    spec: SweepSpec, read: Callable[[str], Sequence[Example]], seen: Sequence[Example]
) -> dict[str, Sequence[Example]]:
    """Split name (`test_<name>`) -> its examples: of a source that has splits of its own, the test split.

    `read` gives the checked examples of a source; `seen` are those that the sweep trains on or chooses by.
    Raises InputError for every set that is empty, unreadable or overlaps with `seen`.
    """
    found: dict[str, Sequence[Example]] = {}
    problems: list[str] = []
    for name, source in spec.data.evaluate.items():
        key = f"data.evaluate.{name}"
        try:
            examples = [example for example in read(source) if example.split in (None, "test")]
        except InputError as error:
            problems += [f"{key}: {problem.removeprefix('data.source: ')}" for problem in error.problems]
            continue
        if not examples:
            problems.append(f"{key}: {source!r} has a column `split` and no test clip; give the clips to be tested on.")
        problems += [
            f"{key}: {problem}: it would test on what the sweep has seen; take them out of one of the two."
            for problem in overlaps(seen, examples)
        ]
        found[further_split(name)] = examples
    if problems:
        raise InputError(problems)
    return found


def evaluation_rows(spec: SweepSpec, evaluations: Mapping[str, Sequence[Example]]) -> tuple[EvaluationRow, ...]:
    return tuple(
        EvaluationRow(name, spec.data.evaluate[name], len(examples), len({example.group for example in examples}))
        for name, examples in ((further_name(split), examples) for split, examples in evaluations.items())
    )


def evaluations_table(confirmed: Sequence[Confirmed], splits: Sequence[str], metrics: Sequence[str]) -> Table:
    """One row an arm: every metric on every one of these test sets, the mean over its runs."""
    table = Table(title="All metrics", title_justify="left", box=None, pad_edge=False, header_style="bold")
    names = [f"{split}/{metric}" for split in splits for metric in metrics]
    for column in ("arm", *names):
        table.add_column(column)
    for arm in dict.fromkeys(run.arm for run in confirmed):
        runs = [run.metrics for run in confirmed if run.arm == arm]
        table.add_row(arm, *(f"{fmean(run[name] for run in runs):.3f}" for name in names))
    return table
