"""What a name on the command line stands for: a file, an MLflow run, a configuration, a sweep.

    predictions.csv            a file (see `analysis.predictions.files`)
    9f0c...  (32 digits)       one MLflow run: one seed
    SWEEP                      the finalist that the sweep's validation results put first
    SWEEP:WHAT                 one of its configurations, all confirm seeds: a config_id or the beginning of one,
                               `baseline`, `untuned`, or `finalists` for all finalists
    NAME=...                   any of these, under a name of your own

SWEEP is a sweep's id, the beginning of one, a name (its latest), or its results folder. Only test predictions of
completed confirm runs are taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from analysis.predictions.files import SUFFIXES, read_file
from analysis.record.reader import read_predictions, read_sweep
from analysis.record.store import connect, shown, store_of, sweep_and_store
from trainables.errors import InputError
from trainables.records import (
    PARAM_OBJECTIVE,
    TAG_CONFIG_ID,
    TAG_FINALISTS,
    TAG_ROLE,
    TAG_SEED,
    TAG_STAGE,
    TAG_STATUS,
    Predictions,
    of_look,
)

RUN_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Source:
    """One configuration as found."""

    name: str
    runs: dict[int, Predictions]  # seed -> test predictions
    seeded: bool = True  # False: one run that knows no seed (a file without seeds, an untuned backbone)
    metric: str | None = None  # the sweep's, without val/ or test/
    warnings: tuple[str, ...] = field(default=())


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
    return found


def find_source(word: str, tracking_uri: str | None) -> list[Source]:
    """One word's configurations; several only for `SWEEP:finalists`. Raises InputError."""
    label, equals, rest = word.partition("=")
    given = label if equals and not Path(word).exists() else ""
    word = rest if given else word
    if not word:
        raise InputError(f"{given}= names nothing; write NAME=FILE, NAME=RUN or NAME=SWEEP:CONFIGURATION.")
    if Path(word).suffix.lower() in SUFFIXES:
        path = Path(word)
        runs = read_file(path)
        return [Source(given or path.stem, runs, seeded=len(runs) > 1 or 0 not in runs)]
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
    seed = tags.get(TAG_SEED, "-")
    seeded = seed.lstrip("-").isdigit()
    predictions = read_predictions(client, run_id, "test")
    return Source(given or str(run.info.run_name), {int(seed) if seeded else 0: predictions}, seeded)


def _sweep(sweep: str, what: str, given: str, uri: str) -> list[Source]:
    record = read_sweep(uri, sweep)
    objective = record.parent.data.params.get(PARAM_OBJECTIVE)
    metric = objective.partition("/")[2] if objective else None
    finalists = json.loads(record.parent.data.tags.get(of_look(TAG_FINALISTS, record.look), "[]"))
    runs = record.runs
    confirm = runs[runs[f"tags.{TAG_STAGE}"] == "confirm"] if len(runs) else runs
    if not len(confirm):
        raise InputError(f"Sweep {record.sweep_id} has no confirm runs: it has not reached stage 2.")
    if what in ("", "finalists") and not finalists:
        raise InputError(f"Sweep {record.sweep_id} has fixed no finalists.")
    role, config_id = confirm[f"tags.{TAG_ROLE}"], confirm[f"tags.{TAG_CONFIG_ID}"]
    if what in ("baseline", "untuned"):
        wanted = {what: role == what}
    elif what in ("", "finalists"):
        chosen = finalists if what else finalists[:1]
        wanted = {f"finalist {n}": (role == "finalist") & (config_id == own) for n, own in enumerate(chosen, start=1)}
    else:
        matches = sorted({own for own in config_id if own.startswith(what)})
        if len(matches) != 1:
            raise InputError(
                f"{sweep}:{what} names {len(matches) or 'no'} configurations of stage 2; there are "
                f"{', '.join(sorted(set(config_id)))}, and baseline, untuned, finalists."
            )
        wanted = {matches[0]: (role != "untuned") & (config_id == matches[0])}
    client = connect(uri)
    return [
        _configuration(client, given if given and len(wanted) == 1 else f"{name} of {record.sweep_id}", rows, metric)
        for name, rows in ((name, confirm[chosen_rows]) for name, chosen_rows in wanted.items())
    ]


def _configuration(client: Any, label: str, rows: Any, metric: str | None) -> Source:
    """All completed runs of one configuration; those of several folds are pooled, seed by seed."""
    status = rows[f"tags.{TAG_STATUS}"] if f"tags.{TAG_STATUS}" in rows else rows["status"].str.lower()
    completed = rows[status == "completed"]
    if not len(completed):
        states = ", ".join(sorted(set(status.fillna("unfinished")))) or "none"
        raise InputError(f"{label} has no completed confirm run ({len(rows)} runs: {states}).")
    lost = len(rows) - len(completed)
    seeds = [str(seed) for seed in completed[f"tags.{TAG_SEED}"]]
    seeded = all(seed.lstrip("-").isdigit() for seed in seeds)
    parts: dict[int, list[Predictions]] = {}
    for seed, run_id in zip(seeds, completed["run_id"], strict=True):
        parts.setdefault(int(seed) if seeded else 0, []).append(read_predictions(client, run_id, "test"))
    warning = f"{lost} of {len(rows)} confirm runs of {label} failed or are unfinished and were left out."
    runs = {seed: joined(folds) for seed, folds in parts.items()}
    return Source(label, runs, seeded, metric, (warning,) if lost else ())


def joined(parts: Sequence[Predictions]) -> Predictions:
    """The rows of all parts, such as the folds of one seed."""
    first = parts[0]
    if len(parts) == 1:
        return first
    scores = [part.scores for part in parts if part.scores is not None]

    def together(column: str) -> list[Any]:
        return [row for part in parts for row in getattr(part, column)]

    return Predictions(
        example_ids=together("example_ids"),
        groups=together("groups"),
        folds=together("folds"),
        targets=together("targets"),
        outputs=together("outputs"),
        scores=np.concatenate(scores) if len(scores) == len(parts) else None,
        classes=first.classes,
    )
