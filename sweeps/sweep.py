"""A whole sweep, from the file to the verdict."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from sweeps.job import CONFIRM, EXPLORE, Job
from sweeps.prepare import Prepared, prepare, sizes_of
from sweeps.workspace import Workspace, check_results, new_workspace
from trainables.errors import InputError, SweepFailed
from trainables.records import Predictions

LOG_COLUMNS = 150

if TYPE_CHECKING:
    from analysis.verdict import Verdict
    from sweeps.confirm import Confirmed
    from sweeps.tracking import Tracker


def make_console() -> Console:
    """A log file has no width of its own: 80 columns would fold every table."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=LOG_COLUMNS)


def plan_sweep(file: str, overrides: Sequence[str], *, as_json: bool) -> None:
    """Prints what the sweep would do and cost; starts nothing."""
    from sweeps.plan import make_plan
    from sweeps.plan_view import render

    plan = make_plan(prepare(file, overrides, planning=True), file, overrides)
    if as_json:
        print(json.dumps(plan.as_dict(), indent=2))
    else:
        make_console().print(render(plan))


def run_sweep(file: str, overrides: Sequence[str]) -> Workspace:
    """Explores, confirms, compares and reports. Raises InputError before anything starts, SweepFailed after."""
    from sweeps.plan import make_plan
    from sweeps.plan_view import render_short

    started = time.monotonic()
    console = make_console()
    prepared = prepare(file, overrides, planning=False)
    plan = make_plan(prepared, file, overrides)
    if plan.problems:
        raise InputError(plan.problems)
    results = check_results(prepared.spec.results, needed_bytes=plan.disk_bytes)
    console.print(render_short(plan), soft_wrap=True)

    from sweeps.provenance import collect
    from sweeps.tracking import Tracker, default_uri
    from trainables.data.fingerprint import fingerprint

    spec = prepared.spec
    tracker = Tracker(default_uri(results), results, spec.name, miniature=prepared.weights.miniature)
    workspace = new_workspace(results, spec.name)
    (workspace.folder / "sweep.yaml").write_text(spec.source_text, encoding="utf-8")
    write_splits(prepared, workspace.folder / "splits.parquet")
    data_id = fingerprint(prepared.examples, prepared.splits)
    tracker.start_sweep(
        workspace.sweep_id,
        spec.source_text,
        collect(),
        {"profile": prepared.profile.describe(), "data_fingerprint": data_id, "seeds": str(spec.confirm_seeds)},
        dataset=(spec.data.source, data_id),
    )
    tracker.log_file(workspace.folder / "splits.parquet")
    try:
        conclude(prepared, workspace, tracker, console, started)
    except BaseException as error:
        tracker.finish_sweep("failed", reason=str(error) or type(error).__name__)
        raise
    return workspace


def conclude(prepared: Prepared, workspace: Workspace, tracker: Tracker, console: Console, started: float) -> None:
    """Both stages and the verdict, on a Ray that is up for as long as they take."""
    from sweeps.confirm import confirm, confirm_runs
    from sweeps.explore import explore
    from sweeps.finalists import choose_finalists
    from sweeps.space import baseline_config
    from sweeps.summary import print_summary
    from sweeps.tuner import ray_session

    spec, profile = prepared.spec, prepared.profile
    build_miniatures(prepared)
    job = explore_job(prepared, make_stores(prepared, workspace, ("train", "validation"), console))
    around: dict[str, Any] = {"workspace": workspace, "profile": profile, "tracker": tracker, "console": console}
    with ray_session(profile) as ray:
        if ray.dashboard_url:
            console.print(
                f"Ray dashboard: {ray.dashboard_url} (it asks for the token that `ray get-auth-token` prints)"
            )
        explored = explore(job, **around)
        baseline = baseline_config(spec)
        finalists = choose_finalists(explored, spec.finalists, mode=spec.mode, baseline_id=baseline.config_id)
        if not finalists:
            raise SweepFailed("no trial was completed, so there is no finalist to confirm; lower asha.grace_epochs")
        tracker.log_finalists(
            [
                {"config_id": trial.config.config_id, "trial_id": trial.trial_id, "value": trial.value, **trial.sample}
                for trial in finalists
            ]
        )
        # Only now does the test data become a store that a worker can open.
        stores = make_stores(prepared, workspace, ("test",), console)
        look = tracker.count_look(spec.confirm_seeds)
        confirmed = confirm(
            replace(job, stage=CONFIRM, stores={**job.stores, **stores}, folds={}),
            confirm_runs(finalists, baseline, spec.confirm_seeds, untuned=prepared.task.answers_untuned),
            **around,
        )
    found = judge(prepared, confirmed, tracker=tracker, look=look)
    seconds = time.monotonic() - started
    tracker.finish_sweep(
        verdict=found.as_dict(), metrics={"sweep/seconds": seconds, "sweep/trials": float(len(explored))}
    )
    print_summary(console, prepared, workspace, tracker, explored, finalists, confirmed, found, seconds)


def explore_job(prepared: Prepared, stores: Mapping[str, str]) -> Job:
    profile = prepared.profile
    return Job(
        spec=prepared.spec,
        stage=EXPLORE,
        stores=stores,
        precision=profile.precision,
        engine_settings={
            "device": profile.device,
            "threads": profile.threads_per_worker,
            "gradient_checkpointing": profile.gradient_checkpointing,
        },
        engine_budget_bytes=profile.facts.free_bytes // max(1, 2 * profile.concurrency),
        miniature_recipe=prepared.miniature_recipe,
        folds=prepared.folds,
    )


def build_miniatures(prepared: Prepared) -> None:
    """Once per machine: workers find them ready."""
    recipe = prepared.miniature_recipe
    if recipe is None:
        return
    from trainables import miniature

    for size in sizes_of(prepared.spec):
        miniature.path(prepared.spec.backbone, size, recipe)


def make_stores(prepared: Prepared, workspace: Workspace, splits: Sequence[str], console: Console) -> dict[str, str]:
    """Decodes the named splits once, for all workers; split -> folder."""
    from rich.progress import Progress

    from trainables.data.store import write_store

    folders = {split: workspace.store(split) for split in splits}
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        for split, folder in folders.items():
            examples = prepared.of_split(split)
            bar = progress.add_task(f"decoding {split} clips", total=len(examples))
            write_store(
                folder,
                examples,
                sample_rate_hz=prepared.backbone.SAMPLE_RATE_HZ,
                window_seconds=prepared.window_seconds,
                progress=lambda done, total, bar=bar: progress.update(bar, completed=done, total=total),  # type: ignore[misc]
            )
    return {split: str(folder) for split, folder in folders.items()}


def judge(prepared: Prepared, confirmed: Sequence[Confirmed], *, tracker: Tracker, look: int) -> Verdict:
    """The verdict over the test predictions of the confirm runs, as MLflow holds them."""
    from analysis.align import correct
    from analysis.runs import read_sweep
    from analysis.verdict import verdict

    spec, task = prepared.spec, prepared.task
    metric_name = spec.metric.partition("/")[2]
    arms: dict[str, dict[int, Predictions]] = {}
    record = read_sweep(tracker.uri, tracker.sweep_id)
    for run in confirmed:
        predictions = record.predictions(run.run_id, "test")
        arms.setdefault(run.arm, {})[run.seed if run.seed is not None else 0] = predictions
    baseline = arms.pop("baseline", None)
    untuned = arms.pop("untuned", None)
    return verdict(
        arms,
        baseline,
        lambda predictions: task.score(predictions)[metric_name],
        metric_name=f"test {metric_name}",
        mode=spec.mode,
        untuned=untuned[0] if untuned else None,
        question="each_other" if spec.finalists.per else "baseline",
        look=look - 1,
        example_scores=correct if metric_name == "accuracy" else None,
    )


def write_splits(prepared: Prepared, path: Path) -> None:
    """Which example stands on which side: `example_id`, `group`, `split`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = {
        "example_id": [example.id for example in prepared.examples],
        "group": [example.group for example in prepared.examples],
        "split": [prepared.splits[example.id] for example in prepared.examples],
    }
    pq.write_table(pa.table(rows), path)
