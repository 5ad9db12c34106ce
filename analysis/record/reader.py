"""Reads MLflow: a sweep's runs as tidy tables, their learning curves, and their predictions, pooled by arm.

pandas and mlflow are imported when they are used.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.predictions.pooled import Part, Pooled, pooled
from analysis.record.histories import histories
from analysis.record.store import connect
from trainables.errors import InputError
from trainables.records import (
    NO_FOLD,
    ROLE_SWEEP,
    TAG_CONFIG_ID,
    TAG_FINALISTS,
    TAG_FOLD,
    TAG_INTERIM,
    TAG_LOOK,
    TAG_PARENT,
    TAG_ROLE,
    TAG_SEED,
    TAG_STAGE,
    TAG_STATUS,
    TAG_SWEEP_ID,
    Predictions,
    allowed_name,
    of_look,
)

if TYPE_CHECKING:
    import pandas as pd

PAGE = 1000  # runs or metric values in one answer
ROLES = ("finalist", "baseline", "untuned")
UNTUNED = "untuned backbone"


@dataclass(frozen=True)
class ConfirmRun:
    """One run of stage 2, as its tags have it."""

    run_id: str
    arm: str  # `finalist 1`, the best of the search, ...; baseline; untuned backbone
    role: str  # finalist | baseline | untuned
    config_id: str
    seed: int | None  # None: nothing was trained
    fold: str  # outer
    status: str  # completed | failed | ...; running where it was never closed


@dataclass(frozen=True)
class SweepRuns:
    """One sweep as recorded."""

    tracking_uri: str
    parent: Any  # mlflow.entities.Run
    # one row a child run: run_id, run_name, status, start_time, end_time, tags.*, params.*, metrics.*
    runs: pd.DataFrame
    look: int = 1  # which look at the test data the confirm runs are, 1 the first

    @property
    def sweep_id(self) -> str:
        return str(self.parent.data.tags[TAG_SWEEP_ID])

    @property
    def finalists(self) -> dict[str, list[str]]:
        """Outer fold, as MLflow spells it in a tag -> config_ids of its finalists, the best of the search first."""
        tag = of_look(TAG_FINALISTS, self.look)
        folds = {name: name.removeprefix(f"{tag}.") for name in self.parent.data.tags if name.startswith(f"{tag}.")}
        folds |= {tag: NO_FOLD} if tag in self.parent.data.tags else {}
        return {fold: json.loads(self.parent.data.tags[name]) for name, fold in folds.items()}

    @property
    def interim(self) -> tuple[int, ...]:
        """Numbers of seeds at which this look's confirmation was looked at, the last one all; empty: at its end."""
        tag = self.parent.data.tags.get(of_look(TAG_INTERIM, self.look))
        return tuple(json.loads(tag)["looks"]) if tag else ()

    @property
    def looked(self) -> tuple[dict[str, Any], ...]:
        """What each look that was really taken before the planned end came to: `seeds`, `open`, `decided`, `reason`."""
        tag = self.parent.data.tags.get(of_look(TAG_INTERIM, self.look))
        return tuple(json.loads(tag).get("decided", ())) if tag else ()

    def arm_of(self, role: str, config_id: str, fold: str) -> str:
        """A finalist by its place in the list that its outer fold fixed, any other arm by its role."""
        if role != "finalist":
            return UNTUNED if role == "untuned" else role
        ids = self.finalists.get(allowed_name(fold), [])
        return f"finalist {ids.index(config_id) + 1}" if config_id in ids else role

    @cached_property
    def confirm_runs(self) -> tuple[ConfirmRun, ...]:
        """The runs of stage 2, of this look, in the order in which they were begun."""
        found = []
        for row in self.runs.to_dict("records"):
            if row[f"tags.{TAG_STAGE}"] != "confirm":
                continue
            role, config_id, fold = (str(row[f"tags.{tag}"]) for tag in (TAG_ROLE, TAG_CONFIG_ID, TAG_FOLD))
            status = row.get(f"tags.{TAG_STATUS}")
            found.append(
                ConfirmRun(
                    run_id=row["run_id"],
                    arm=self.arm_of(role, config_id, fold),
                    role=role,
                    config_id=config_id,
                    seed=seed_of(row[f"tags.{TAG_SEED}"]),
                    fold=fold,
                    status=status if isinstance(status, str) else "running",
                )
            )
        return tuple(found)

    def arms(self) -> dict[str, list[ConfirmRun]]:
        """Arm -> its confirm runs: finalists in the order of the search, baseline, untuned backbone."""
        arms: dict[str, list[ConfirmRun]] = {}
        for run in sorted(self.confirm_runs, key=lambda run: (ROLES.index(run.role), len(run.arm), run.arm)):
            arms.setdefault(run.arm, []).append(run)
        return arms

    def pooled(self, runs: Iterable[ConfirmRun]) -> Pooled:
        """The test answers of one arm's runs. Raises InputError where a completed run left nothing readable."""
        client = connect(self.tracking_uri)
        parts = [
            Part(
                run.seed,
                run.fold,
                read_predictions(client, run.run_id, "test") if run.status == "completed" else None,
            )
            for run in runs
        ]
        return pooled(parts, {run.fold for run in self.confirm_runs})

    def curves(self, metrics: Sequence[str] | None = None) -> pd.DataFrame:
        """run_id, metric, epoch, value: one row per logged value, sorted. `metrics`: all where None."""
        import pandas as pd

        rows = []
        for column in (name for name in self.runs.columns if name.startswith("metrics.")):
            name = column.removeprefix("metrics.")
            if metrics is None or name in metrics:
                known = self.runs.loc[self.runs[column].notna(), "run_id"].tolist()
                rows += [(run, name, step, value) for run, step, value in histories(self.tracking_uri, known, name)]
        table = pd.DataFrame(rows, columns=["run_id", "metric", "epoch", "value"])
        return table.sort_values(["run_id", "metric", "epoch"], ignore_index=True)

    def predictions(self, run_id: str, split: str = "test") -> Predictions:
        """What a run said about `split` (validation | test). Raises InputError where it left nothing."""
        return read_predictions(connect(self.tracking_uri), run_id, split)


def read_predictions(client: Any, run_id: str, split: str) -> Predictions:
    path = f"predictions/{split}.parquet"
    with tempfile.TemporaryDirectory() as folder:
        try:
            return Predictions.read_parquet(Path(client.download_artifacts(run_id, path, folder)))
        except Exception as error:  # the artifact stores have no error in common
            raise InputError(f"Run {run_id} has no readable {path}: was it stopped early?") from error


def seed_of(tag: str) -> int | None:
    """None where the run trained nothing."""
    return int(tag) if tag.lstrip("-").isdigit() else None


def read_sweep(tracking_uri: str, sweep: str, *, look: int | None = None) -> SweepRuns:
    """`sweep`: an id, a unique prefix of one, or a sweep's name (its latest).

    Its confirm runs are those of `look`, by default of the last look at the test data that came to a verdict.

    Raises InputError: no such sweep, a prefix of several, a store that cannot be reached.
    """
    import pandas as pd

    client = connect(tracking_uri)
    experiments = [experiment.experiment_id for experiment in all_pages(client.search_experiments)]
    parents = all_pages(
        client.search_runs, experiments, f"tags.`{TAG_ROLE}` = '{ROLE_SWEEP}'", order_by=["attributes.start_time DESC"]
    )
    parent = _choose(client, parents, sweep)
    children = all_pages(
        client.search_runs, [parent.info.experiment_id], f"tags.`{TAG_PARENT}` = '{parent.info.run_id}'"
    )
    chosen = str(look or parent.data.tags.get(TAG_LOOK, "1"))
    rows = [
        {
            "run_id": run.info.run_id,
            "run_name": run.info.run_name,
            "status": run.info.status,
            "start_time": pd.to_datetime(run.info.start_time, unit="ms", utc=True),
            "end_time": pd.to_datetime(run.info.end_time, unit="ms", utc=True),
            **{f"tags.{name}": value for name, value in run.data.tags.items()},
            **{f"params.{name}": value for name, value in run.data.params.items()},
            **{f"metrics.{name}": value for name, value in run.data.metrics.items()},
        }
        for run in children
        if run.data.tags.get(TAG_LOOK, chosen) == chosen  # runs of stage 1 belong to no look
    ]
    table = pd.DataFrame(rows)
    if rows:
        table = table.sort_values(["start_time", "run_id"], ignore_index=True)
    return SweepRuns(tracking_uri, parent, table, int(chosen))


def _choose(client: Any, parents: Sequence[Any], sweep: str) -> Any:
    """The parent run that `sweep` names; `parents` are latest first."""
    by_id = {run.data.tags[TAG_SWEEP_ID]: run for run in reversed(parents)}
    if sweep in by_id:
        return by_id[sweep]
    experiment = client.get_experiment_by_name(sweep)
    for run in parents:
        if experiment is not None and run.info.experiment_id == experiment.experiment_id:
            return run
    matches = sorted(sweep_id for sweep_id in by_id if sweep and sweep_id.startswith(sweep))
    if len(matches) == 1:
        return by_id[matches[0]]
    if matches:
        raise InputError(f"{sweep!r} is the beginning of {len(matches)} sweeps: {', '.join(matches[:5])}. Write more.")
    latest = ", ".join(run.data.tags[TAG_SWEEP_ID] for run in parents[:5]) or "none"
    raise InputError(
        f"No sweep is called {sweep!r}, by id, by the beginning of its id or by name; the latest: {latest}."
    )


def all_pages(search: Any, *args: Any, **kwargs: Any) -> list[Any]:
    """Every entry of a paged search."""
    found: list[Any] = []
    token = None
    while True:
        page = search(*args, max_results=PAGE, page_token=token, **kwargs)
        found += page
        token = page.token
        if not token:
            return found
