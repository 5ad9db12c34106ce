"""Reads a sweep's record, once, into `analysis.record.sweep`: everything that a report says comes from there."""

from __future__ import annotations

import csv
import json
import math
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.record.axes import axis_scales
from analysis.record.reader import ROLES, SweepRuns, read_sweep
from analysis.record.store import connect
from analysis.record.sweep import COUNTS, Arm, Recorded, Run, Trial
from analysis.verdict.labels import renamed
from analysis.verdict.result import Verdict
from trainables.errors import InputError
from trainables.records import (
    COST_MEMORY,
    COST_SECONDS,
    LEFT_OUT_FILE,
    NOT_CHOSEN,
    PARAM_MODE,
    PARAM_OBJECTIVE,
    of_look,
)


def read_recorded(tracking_uri: str, sweep: str) -> Recorded:
    """`sweep` as in `reader.read_sweep`. Raises InputError where there is no such sweep, or it has no run yet."""
    source = read_sweep(tracking_uri, sweep)
    if source.runs.empty:
        raise InputError(f"Sweep {source.sweep_id} has no run yet; there is nothing to report.")
    client = connect(tracking_uri)
    parent_id, look = source.parent.info.run_id, source.look
    files = {entry.path for entry in client.list_artifacts(parent_id)}
    for folder in (path for path in sorted(files) if path.startswith("look-")):
        files |= {entry.path for entry in client.list_artifacts(parent_id, folder)}
    with tempfile.TemporaryDirectory() as folder:

        def fetched(name: str) -> Path | None:
            if name not in files:
                return None
            return Path(client.download_artifacts(parent_id, name, folder))

        provenance, text = fetched("provenance.json"), fetched(of_look("sweep.yaml", look))
        verdicts = [fetched(of_look("verdict.json", number)) for number in range(1, look + 1)]
        *before, found = [json.loads(path.read_text()) if path else None for path in verdicts]
        finalists = [
            json.loads(path.read_text())["finalists"]
            for path in map(fetched, sorted(name for name in files if name.startswith(of_look("finalists", look))))
            if path
        ]
        splits = _table(fetched("splits.parquet"))
        left_out = _reasons(fetched(LEFT_OUT_FILE))
        facts = json.loads(provenance.read_text()) if provenance else {}
        yaml_text = text.read_text(encoding="utf-8") if text else ""
    params = source.parent.data.params
    objective, mode = params[PARAM_OBJECTIVE], params[PARAM_MODE]
    runs = _runs(source, objective)
    trials = _trials([run for run in runs if run.stage == "explore"])
    confirm = tuple(run for run in runs if run.stage == "confirm")
    order = dict.fromkeys(name for trial in trials for name in trial.axes)
    varied = {name for name in order if len({str(trial.axes.get(name)) for trial in trials}) > 1}
    verdict = None if found is None else Verdict.from_dict(found)
    return Recorded(
        source=source,
        objective=objective,
        mode=mode,
        trials=trials,
        arms=_arms(source, finalists, runs, {} if verdict is None else verdict.labels),
        confirm_runs=confirm,
        verdict=None if verdict is None else renamed(verdict),
        sentence="" if found is None else str(found["sentence"]),
        earlier=tuple(earlier["sentence"] for earlier in before if earlier),
        provenance=facts,
        yaml_text=yaml_text,
        splits=splits,
        left_out=left_out,
        scales=axis_scales(yaml_text),
        axes=tuple(name for name in order if name in varied),
    )


def _table(path: Path | None) -> Any | None:
    if path is None:
        return None
    import pandas as pd

    return pd.read_parquet(path)


def _reasons(path: Path | None) -> tuple[tuple[str, int], ...]:
    """(reason, clips) of what was left out of the data, the commonest first."""
    if path is None:
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(Counter(row["problem"] for row in csv.DictReader(file)).most_common())


def _runs(source: SweepRuns, objective: str) -> list[Run]:
    curves: dict[str, dict[str, dict[int, float]]] = {}
    for row in source.curves([objective, COST_SECONDS, COST_MEMORY]).itertuples(index=False):
        curves.setdefault(row.run_id, {}).setdefault(row.metric, {})[int(row.epoch)] = float(row.value)
    found = []
    for row in source.runs.to_dict("records"):
        tags = {
            name.removeprefix("tags.sweep."): value for name, value in row.items() if name.startswith("tags.sweep.")
        }
        own = curves.get(row["run_id"], {})
        seconds, memory = own.get(COST_SECONDS, {}), own.get(COST_MEMORY, {})
        found.append(
            Run(
                run_id=row["run_id"],
                stage=tags["stage"],
                role=tags["role"],
                config_id=tags["config_id"],
                trial_id=tags["trial_id"],
                seed=tags["seed"],
                fold=tags["fold"],
                status=tags["status"] if isinstance(tags.get("status"), str) else "running",
                reason=tags["reason"] if isinstance(tags.get("reason"), str) else "",
                params={n.removeprefix("params."): _value(v) for n, v in row.items() if _given(n, v, "params.")},
                metrics={n.removeprefix("metrics."): float(v) for n, v in row.items() if _given(n, v, "metrics.")},
                curve=own.get(objective, {}),
                seconds=sum(seconds.values()) if seconds else None,
                memory_bytes=max(memory.values()) if memory else None,
            )
        )
    return found


def _given(name: str, value: Any, prefix: str) -> bool:
    return name.startswith(prefix) and value is not None and not (isinstance(value, float) and math.isnan(value))


def _value(text: str) -> Any:
    """A param as a number where it is one."""
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() and "e" not in text.lower() else number


def _trials(runs: Sequence[Run]) -> tuple[Trial, ...]:
    grouped: dict[str, list[Run]] = {}
    for run in runs:
        grouped.setdefault(run.trial_id, []).append(run)
    names = dict.fromkeys(name for run in runs for name in run.params if name not in (*COUNTS, *NOT_CHOSEN))
    if "alpha_ratio" not in names and _searched_alpha(runs):
        names["alpha"] = None
    return tuple(
        Trial(_number(own[0].trial_id, place), tuple(own), {n: own[0].params[n] for n in names if n in own[0].params})
        for place, own in enumerate(grouped.values())
    )


def _number(trial_id: str, place: int) -> int:
    """`trial_00004` is trial 4, as everywhere else; what has another name is counted."""
    tail = trial_id.rpartition("_")[2]
    return int(tail) if tail.isdigit() else place


def _searched_alpha(runs: Sequence[Run]) -> bool:
    """Alpha is a choice of its own where it is no fixed multiple of the rank."""
    pairs = {(run.params.get("rank"), run.params["alpha"]) for run in runs if "alpha" in run.params}
    ratios = {alpha / rank for rank, alpha in pairs if rank}
    return len({alpha for _, alpha in pairs}) > 1 and len(ratios) != 1


def _arms(
    source: SweepRuns,
    finalists: Sequence[Sequence[Mapping[str, Any]]],
    runs: Sequence[Run],
    labels: Mapping[str, str],
) -> tuple[Arm, ...]:
    """`finalists`: what was written of them, one list per outer fold, the best of the search first."""
    fixed = list(source.finalists.values())
    confirmed: dict[str, list[Run]] = {
        f"finalist {rank}": [] for rank in range(1, max((len(ids) for ids in fixed), default=0) + 1)
    }
    roles = dict.fromkeys(confirmed, "finalist")
    for run in sorted((run for run in runs if run.stage == "confirm"), key=lambda run: ROLES.index(run.role)):
        name = source.arm_of(run.role, run.config_id, run.fold)
        confirmed.setdefault(name, []).append(run)
        roles[name] = run.role
    arms = []
    for name, own in confirmed.items():
        if roles[name] != "finalist":
            arms.append(Arm(name, roles[name], tuple(own), None, ()))
            continue
        rank = int(name.rpartition(" ")[2]) - 1  # `finalist 1` came first in the search
        values = [entries[rank].get("value") for entries in finalists if rank < len(entries)]
        known = [float(value) for value in values if value is not None]
        ids = {ids[rank] for ids in fixed if rank < len(ids)}
        explored = tuple(run for run in runs if run.stage == "explore" and run.config_id in ids)
        searched = sum(known) / len(known) if known else None
        arms.append(Arm(labels.get(name, name), "finalist", tuple(own), searched, explored, rank + 1))
    return tuple(arms)
