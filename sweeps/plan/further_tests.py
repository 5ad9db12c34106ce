"""`data.evaluate`: further test data, answered in stage 2 by every confirm run and the untuned backbone, each set under
a prefix of its own (`test_<name>/wer`). They take no part in the search, nor in the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sweeps.config.spec import SweepSpec
from sweeps.plan.data import Clips, read_clips
from trainables.data.doubts.check import Header
from trainables.data.doubts.overlap import overlaps
from trainables.data.understood import Understood, understood
from trainables.errors import InputError
from trainables.records import further_name, further_split

if TYPE_CHECKING:
    from trainables.contract import Task
    from trainables.data.examples import Example
    from trainables.writing import Spelling


@dataclass(frozen=True)
class EvaluationRow:
    """One further test set, for the plan."""

    name: str
    source: str
    clips: int
    groups: int
    understood: Understood = field(default_factory=Understood)  # how it was read


def read_evaluations(
    spec: SweepSpec,
    task: Task,
    window_seconds: float,
    seen: Sequence[Example],
    headers: Mapping[str, Header],
    spellings: Sequence[Spelling] = (),
) -> dict[str, Clips]:
    """Split name (`test_<name>`) -> its clips: of a source that has splits of its own, the test split.

    `window_seconds` is what the backbones take whole; `seen` are the examples that the sweep trains on or chooses by,
    `headers` those of their files, `spellings` how the backbones write texts.
    Raises InputError for every set that is empty, unreadable or overlaps with `seen`.
    """
    found: dict[str, Clips] = {}
    problems: list[str] = []
    for name, source in spec.data.evaluate.items():
        key = f"data.evaluate.{name}"
        try:
            clips = read_clips(spec, source, task, window_seconds, spellings, further=True)
        except InputError as error:
            problems += [f"{key}: {problem.removeprefix('data.source: ')}" for problem in error.problems]
            continue
        whole = len(clips.examples)
        clips = clips.only(example.split in (None, "test") for example in clips.examples)
        if len(clips.examples) < whole:
            clips.account.guesses.append(f"Of its {whole} clips the {len(clips.examples)} of the test split are used.")
        if not clips.examples:
            problems.append(f"{key}: {source!r} has a column `split` and no test clip; give the clips to be tested on.")
        problems += [
            f"{key}: {problem}: it would test on what the sweep has seen; take them out of one of the two."
            for problem in overlaps(seen, clips.examples, {**headers, **clips.headers})
        ]
        found[further_split(name)] = clips
    if problems:
        raise InputError(problems)
    return found


def evaluation_rows(spec: SweepSpec, evaluations: Mapping[str, Clips]) -> tuple[EvaluationRow, ...]:
    rows = []
    for split, clips in evaluations.items():
        name, groups = further_name(split), {example.group for example in clips.examples}
        source, found = spec.data.evaluate[name], understood(clips.account)
        rows.append(EvaluationRow(name, source, len(clips.examples), len(groups), found))
    return tuple(rows)
