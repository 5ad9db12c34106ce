"""What a name on the command line stands for: a file, an MLflow run, a configuration, a sweep.

    predictions.csv            a file (see `analysis.predictions.files`); a.csv,b.csv: its rows in several files
    9f0c...  (32 digits)       one MLflow run: one seed
    SWEEP                      the finalist that the sweep's validation results put first
    SWEEP:WHAT                 one of its configurations, all confirm seeds: a config_id or the beginning of one,
                               `baseline`, `untuned`, or `finalists` for all finalists
    NAME=...                   any of these, under a name of your own

SWEEP is a sweep's id, the beginning of one, a name (its latest), or its results folder. Only test predictions of
completed confirm runs are taken, pooled over outer folds as the verdict pools them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from analysis.predictions.files import SUFFIXES, read_file, read_parts
from analysis.predictions.pooled import Pooled
from analysis.record.reader import ConfirmRun, SweepRuns, read_predictions, read_sweep, seed_of
from analysis.record.store import connect, shown, store_of, sweep_and_store
from trainables.errors import InputError
from trainables.records import (
    NO_SEED,
    PARAM_OBJECTIVE,
    PARAM_TEXTS,
    TAG_PARENT,
    TAG_SEED,
    TAG_STAGE,
    TAG_STATUS,
    Predictions,
)

RUN_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Source:
    """One configuration as found."""

    name: str
    runs: dict[int, Predictions]  # seed -> test predictions
    seeded: bool = True  # False: one run that knows no seed (a file without seeds, an untuned backbone)
    metric: str | None = None  # the sweep's, without val/ or test/
    scored_as: str | None = None  # the form that texts were brought to; None: not recorded, or no texts
    warnings: tuple[str, ...] = field(default=())
    sweep: str = ""  # the id of the sweep whose arm it is, where its name says so


def find_sources(words: Sequence[str], tracking_uri: str | None) -> list[Source]:
    """Every configuration that the words name. Raises InputError with every problem at once."""
    found: list[Source] = []
    problems: list[str] = []
    for word in words:
        try:
            found += find_source(word, tracking_uri)
        except InputError as error:
            problems += error.problems
    names = [source.name for source in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice and not problems:
        problems.append(f"{', '.join(sorted(twice))} stands more than once; give names: NAME={words[0]}.")
    if problems:
        raise InputError(problems)
    return _by_arm(found)


def _by_arm(sources: list[Source]) -> list[Source]:
    """Where all are arms of one sweep its id tells nothing of them: `finalist 1`, `baseline`."""
    if len(sources) < 2 or "" in (ids := {source.sweep for source in sources}) or len(ids) > 1:
        return sources
    (sweep,) = ids
    return [replace(source, name=source.name.removesuffix(f" of {sweep}")) for source in sources]


def find_source(word: str, tracking_uri: str | None) -> list[Source]:
    """One word's configurations; several only for `SWEEP:finalists`. Raises InputError."""
    label, equals, rest = word.partition("=")
    given = label if equals and not Path(word).exists() else ""
    word = rest if given else word
    if not word:
        raise InputError(f"{given}= names nothing; write NAME=FILE, NAME=RUN or NAME=SWEEP:CONFIGURATION.")
    if Path(word).suffix.lower() in SUFFIXES:
        path = Path(word)
        parts = [path] if path.exists() or "," not in word else [Path(part) for part in word.split(",")]
        found = read_file(path) if len(parts) == 1 else read_parts(parts)
        return [Source(given or parts[0].stem, found.runs, seeded=found.seeded, warnings=found.notes)]
    if RUN_ID.fullmatch(word):
        return [_run(word, given, store_of(tracking_uri))]
    sweep, _, what = word.partition(":")
    name, store = sweep_and_store(sweep, tracking_uri)
    return _sweep(name, what, given, store)


def _run(run_id: str, given: str, uri: str) -> Source:
    client = connect(uri)
    try:
        run = client.get_run(run_id)
    except Exception as error:  # the stores have no error in common
        raise InputError(f"There is no run {run_id} in {shown(uri)}.") from error
    tags = run.data.tags
    state = tags.get(TAG_STATUS) or str(run.info.status).lower()
    if state != "completed":
        raise InputError(f"Run {run_id} ({run.info.run_name}) is {state}, not completed; it cannot be compared.")
    if tags.get(TAG_STAGE) == "explore":
        raise InputError(
            f"Run {run_id} ({run.info.run_name}) belongs to stage 1, which sees no test data; compare confirm runs."
        )
    seed = seed_of(tags.get(TAG_SEED, NO_SEED))
    predictions = read_predictions(client, run_id, "test")
    params = client.get_run(tags[TAG_PARENT]).data.params if TAG_PARENT in tags else {}
    return Source(
        given or str(run.info.run_name),
        {seed or 0: predictions},
        seeded=seed is not None,
        scored_as=params.get(PARAM_TEXTS),
    )


def _sweep(sweep: str, what: str, given: str, uri: str) -> list[Source]:
    record = read_sweep(uri, sweep)
    runs, arms = record.confirm_runs, record.arms()
    if not runs:
        raise InputError(f"Sweep {record.sweep_id} has no confirm runs: it has not reached stage 2.")
    count = max((len(ids) for ids in record.finalists.values()), default=0)
    if what in ("", "finalists") and not count:
        raise InputError(f"Sweep {record.sweep_id} has fixed no finalists.")
    if what in ("baseline", "untuned"):
        wanted = {what: [run for run in runs if run.role == what]}
    elif what in ("", "finalists"):
        names = [f"finalist {rank}" for rank in range(1, (count if what else 1) + 1)]
        wanted = {name: arms.get(name, []) for name in names}
    else:
        matches = sorted({run.config_id for run in runs if run.config_id.startswith(what)})
        if len(matches) != 1:
            raise InputError(
                f"{sweep}:{what} names {len(matches) or 'no'} configurations of stage 2; there are "
                f"{', '.join(sorted({run.config_id for run in runs}))}, and baseline, untuned, finalists."
            )
        wanted = {matches[0]: [run for run in runs if run.role != "untuned" and run.config_id == matches[0]]}
    alone = given if len(wanted) == 1 else ""
    named = {alone or f"{name} of {record.sweep_id}": own for name, own in wanted.items()}
    pools = {label: record.pooled(own) for label, own in named.items()}
    lost = tuple(_nothing_left(label, named[label], pool) for label, pool in pools.items() if not pool.by_seed)
    if len(lost) == len(pools):
        raise InputError(list(lost))
    objective = record.parent.data.params.get(PARAM_OBJECTIVE)
    return [
        Source(
            label,
            dict(pool.by_seed),
            sweep="" if alone else record.sweep_id,
            seeded=all(run.seed is not None for run in named[label]),
            metric=objective.partition("/")[2] if objective else None,
            scored_as=record.parent.data.params.get(PARAM_TEXTS),
            warnings=(*told_of_looks(record), *lost, *([note] if (note := pool.note(label)) else [])),
        )
        for label, pool in pools.items()
        if pool.by_seed
    ]


def told_of_looks(record: SweepRuns) -> list[str]:
    """What the sweep's own verdict pays for several looks at its test data, and a comparison does not."""
    said = []
    if record.look > 1:
        said.append(
            f"{record.sweep_id}: these runs are look {record.look} at its test data; its own verdict divides the "
            f"level by {2 ** (record.look - 1)}, this comparison does not: --alpha does."
        )
    if record.interim:
        said.append(
            f"{record.sweep_id} {_looks_taken(record)}; its own verdict judges by the smaller level of the look at "
            "which it ended, this comparison by --alpha."
        )
    return said


def _looks_taken(record: SweepRuns) -> str:
    """The looks that were taken while it ran, which may be fewer than were planned."""
    planned = f"{record.interim[-1]} planned seeds"
    taken = [int(look["seeds"]) for look in record.looked]
    if not taken:
        early = ", ".join(map(str, record.interim[:-1]))
        return f"was to be looked at after {early} of {planned}, of which no look is recorded"
    after = f"was looked at after {' and '.join(map(str, taken))} of {planned}"
    if record.looked[-1]["open"]:
        return f"{after}, and went on after that"
    return f"{after}, and stopped there, since all was decided"


def _nothing_left(label: str, runs: Sequence[ConfirmRun], pool: Pooled) -> str:
    if any(run.status == "completed" for run in runs):
        return pool.note(label) or ""
    states = ", ".join(sorted({run.status for run in runs})) or "none"
    return f"{label} has no completed confirm run ({len(runs)} runs: {states})."
