"""Reads a sweep's record, once, into `analysis.record.sweep`: everything that a report says comes from there."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.record.reader import SweepRuns, read_sweep
from analysis.record.store import connect
from analysis.record.sweep import COUNTS, Arm, Recorded, Run, Trial
from trainables.errors import InputError
from trainables.records import COST_MEMORY, COST_SECONDS, PARAM_MODE, PARAM_OBJECTIVE, TAG_FINALISTS, of_look

NOT_AXES = {*COUNTS, "alpha", "seed", "checkpoint", "checkpoint_revision", "matched_modules"}
ROLES = ("finalist", "baseline", "untuned")


def read_recorded(tracking_uri: str, sweep: str) -> Recorded:
    """`sweep` as in `runs.read_sweep`. Raises InputError where there is no such sweep, or it has no run yet."""
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
        facts = json.loads(provenance.read_text()) if provenance else {}
        yaml_text = text.read_text(encoding="utf-8") if text else ""
    objective, mode = _objective(source, found)
    runs = _runs(source, objective)
    trials = _trials([run for run in runs if run.stage == "explore"])
    confirm = tuple(run for run in runs if run.stage == "confirm")
    varied = {name for trial in trials for name in trial.axes if len({str(t.axes.get(name)) for t in trials}) > 1}
    order = dict.fromkeys(name for trial in trials for name in trial.axes)
    return Recorded(
        source=source,
        objective=objective,
        mode=mode,
        trials=trials,
        arms=_arms(found, finalists, runs, fixed=_fixed(source)),
        confirm_runs=confirm,
        verdict=found,
        earlier=tuple(verdict["sentence"] for verdict in before if verdict),
        provenance=facts,
        yaml_text=yaml_text,
        splits=splits,
        axes=tuple(name for name in order if name in varied),
    )


def _table(path: Path | None) -> Any | None:
    if path is None:
        return None
    import pandas as pd

    return pd.read_parquet(path)


def _objective(source: SweepRuns, verdict: Mapping[str, Any] | None) -> tuple[str, str]:
    params = source.parent.data.params
    if PARAM_OBJECTIVE in params:
        return params[PARAM_OBJECTIVE], params.get(PARAM_MODE, "max")
    if verdict is not None:  # a record from before the parent's params said it
        return f"val/{str(verdict['metric']).rpartition(' ')[2]}", str(verdict["mode"])
    return ("val/accuracy", "max") if "metrics.val/accuracy" in source.runs.columns else ("val/loss", "min")


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
    names = dict.fromkeys(name for run in runs for name in run.params if name not in NOT_AXES)
    if "alpha_ratio" not in names and _searched_alpha(runs):
        names["alpha"] = None
    return tuple(
        Trial(number, tuple(own), {name: own[0].params[name] for name in names if name in own[0].params})
        for number, own in enumerate(grouped.values(), start=1)
    )


def _searched_alpha(runs: Sequence[Run]) -> bool:
    """Alpha is a choice of its own where it is no fixed multiple of the rank."""
    pairs = {(run.params.get("rank"), run.params["alpha"]) for run in runs if "alpha" in run.params}
    ratios = {alpha / rank for rank, alpha in pairs if rank}
    return len({alpha for _, alpha in pairs}) > 1 and len(ratios) != 1


def _fixed(source: SweepRuns) -> list[list[str]]:
    """The finalists' config_ids, one list per outer fold, as the parent's tags have them."""
    start = of_look(TAG_FINALISTS, source.look)
    return [json.loads(value) for name, value in source.parent.data.tags.items() if name.startswith(start)]


def _arms(
    verdict: Mapping[str, Any] | None,
    finalists: Sequence[Sequence[Mapping[str, Any]]],
    runs: Sequence[Run],
    *,
    fixed: Sequence[Sequence[str]],
) -> tuple[Arm, ...]:
    """Finalists by their place in every list that was fixed (one per outer fold); the other arms by their role."""
    ranked = [[entry["config_id"] for entry in entries] for entries in finalists] or fixed
    names = [(row["name"], row["role"]) for row in verdict["rows"]] if verdict else []
    if not names:
        count = max((len(ids) for ids in ranked), default=0)
        names = [(f"finalist {rank}", "finalist") for rank in range(1, count + 1)]
        names += [(role, role) for role in ("baseline", "untuned") if any(run.role == role for run in runs)]
    arms = []
    for name, role in sorted(names, key=lambda pair: (ROLES.index(pair[1]), len(pair[0]), pair[0])):
        if role != "finalist":
            arms.append(
                Arm(name, role, tuple(run for run in runs if run.stage == "confirm" and run.role == role), None, ())
            )
            continue
        rank = int(name.rpartition(" ")[2]) - 1  # `finalist 1` came first in the search
        own = {ids[rank] for ids in ranked if rank < len(ids)}
        values = [entries[rank].get("value") for entries in finalists if rank < len(entries)]
        known = [float(value) for value in values if value is not None]
        chosen = [run for run in runs if run.config_id in own]
        confirmed = tuple(run for run in chosen if run.role == "finalist")
        explored = tuple(run for run in chosen if run.stage == "explore")
        arms.append(Arm(name, role, confirmed, sum(known) / len(known) if known else None, explored))
    return tuple(arms)
