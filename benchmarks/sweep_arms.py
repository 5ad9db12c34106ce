"""One arm of `benchmarks.sweep`, in a process of its own: trains the same configurations for the same epochs.

The first run of this project's way searches with Optuna and ASHA; what it proposed and where it stopped (`decisions`)
is what every arm trains. So arms differ in how, never in what.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil

from benchmarks.documented import Work, fine_tune
from sweeps.prepare import Prepared, prepare
from sweeps.space import resolve

DOCUMENTED, REUSED, WARM, CACHED = "ray_documented", "ray_reused", "warm", "cached"
Decisions = Sequence[Mapping[str, Any]]  # {"given": values of the active axes, "epochs": how many were trained}


def measure(arm: str, file: str, overrides: Sequence[str], folder: Path, decisions: Decisions | None) -> dict[str, Any]:
    """What an arm did and what it took. `decisions` None: searches (this project's way only)."""
    prepared = prepare(file, overrides, planning=False)
    prepared = replace(prepared, spec=replace(prepared.spec, results=str(folder)))
    if arm in (DOCUMENTED, REUSED):
        assert decisions is not None
        return documented(prepared, decisions, folder, reuse=arm == REUSED)
    return ours(prepared, decisions, folder, caches=arm == CACHED)


def ours(prepared: Prepared, decisions: Decisions | None, folder: Path, *, caches: bool) -> dict[str, Any]:
    """Stage 1 as `sweeps.explore` runs it: Optuna, ASHA, the journal and MLflow at work."""
    from sweeps.materials import build_miniatures
    from sweeps.tuner import ray_session

    if decisions is not None:
        given = tuple(decision["given"] for decision in decisions)
        prepared = replace(prepared, spec=replace(prepared.spec, warm_start=given, trials=len(decisions)))
    build_miniatures(prepared)
    with ray_session(prepared.profile):  # before anything else imports Ray, which reads its environment then
        before = cpu_now()
        trials, seconds = explored(prepared, decisions, folder, caching(caches))
        cpu_seconds = cpu_now(result for trial in trials for result in trial.results) - before
    if failed := [trial.reason for trial in trials if not trial.results]:
        raise RuntimeError(f"a trial failed: {failed[0]}")
    rows = [
        SimpleNamespace(
            given=dict(trial.given),
            results=[{**result, "val_loss": result["lanes"][0]["metrics"]["val/loss"]} for result in trial.results],
        )
        for trial in trials
    ]
    turnarounds = [t.results[0]["turnaround_seconds"] for t in trials if t.results[0]["turnaround_seconds"] is not None]
    return summary(prepared, rows, seconds, cpu_seconds, turnarounds)


def explored(
    prepared: Prepared, decisions: Decisions | None, folder: Path, settings: Mapping[str, Any]
) -> tuple[list[Any], float]:
    """The trials of stage 1, and how long it took."""
    from ray.tune.schedulers import TrialScheduler

    from sweeps.job import EXPLORE
    from sweeps.materials import explore_job, make_stores, pin_revisions
    from sweeps.progress import StageProgress
    from sweeps.recorder import Recorder
    from sweeps.search import OptunaProposals, make_scheduler
    from sweeps.sweep import make_console
    from sweeps.tracking import Tracker, default_uri
    from sweeps.tuner import run_stage
    from sweeps.workspace import new_workspace

    spec = prepared.spec
    workspace, asha = new_workspace(folder, spec.name), make_scheduler(spec)
    epochs = {f"trial_{i:05d}": decision["epochs"] for i, decision in enumerate(decisions or ())}

    class Decided:
        """ASHA is asked, and overruled."""

        def __getattr__(self, name: str) -> Any:
            return getattr(asha, name)

        def on_trial_result(self, controller: Any, trial: Any, result: dict[str, Any]) -> str:
            asha.on_trial_result(controller, trial, result)
            stop = result["epoch"] >= epochs[trial.trial_id]
            return str(TrialScheduler.STOP if stop else TrialScheduler.CONTINUE)

    started = time.perf_counter()
    stores = make_stores(prepared, workspace, ("train", "validation"), make_console())
    job = explore_job(prepared, stores, "-", pin_revisions(prepared, workspace))
    job = replace(job, engine_settings={**job.engine_settings, **settings})
    tracker = Tracker(default_uri(folder), folder, spec.name, miniature=True)
    tracker.start_sweep(workspace.sweep_id, spec.source_text, {}, {})
    progress = StageProgress(workspace.stage(EXPLORE))
    run_stage(
        job,
        progress,
        OptunaProposals(spec, parallel_trials=prepared.profile.concurrency),
        profile=prepared.profile,
        observers=[Recorder(spec, EXPLORE, tracker)],
        pruner=asha if decisions is None else Decided(),
    )
    tracker.flush()
    progress.close()
    return list(progress.trials.values()), time.perf_counter() - started


def caching(on: bool) -> dict[str, Any]:
    """The engine's settings without and with the outputs of frozen parts kept."""
    return {"activations": "auto" if on else "off"}


def documented(prepared: Prepared, decisions: Decisions, folder: Path, *, reuse: bool) -> dict[str, Any]:
    """A function trainable as Ray Tune's documentation has it; `reuse`: with `reuse_actors`."""
    from sweeps.materials import build_miniatures
    from sweeps.tuner import ray_session

    build_miniatures(prepared)
    with ray_session(prepared.profile):
        before = cpu_now()
        reported, seconds = fitted(prepared, decisions, folder, reuse=reuse)
        cpu_seconds = cpu_now(result for results in reported for result in results) - before
    rows = [SimpleNamespace(given=d["given"], results=results) for d, results in zip(decisions, reported, strict=True)]
    return summary(prepared, rows, seconds, cpu_seconds, [results[0]["startup_seconds"] for results in reported])


def fitted(
    prepared: Prepared, decisions: Decisions, folder: Path, *, reuse: bool
) -> tuple[list[list[dict[str, Any]]], float]:
    """What each trial reported, and how long it took."""
    from ray import tune
    from ray.air.integrations.mlflow import MLflowLoggerCallback
    from ray.tune.schedulers import FIFOScheduler, TrialScheduler

    points = [
        {"number": i, "config": resolve(prepared.spec, d["given"]).as_dict(), "reused": reuse}
        for i, d in enumerate(decisions)
    ]
    reported: list[list[dict[str, Any]]] = [[] for _ in points]

    class Decided(FIFOScheduler):  # type: ignore[misc]
        def on_trial_result(self, controller: Any, trial: Any, result: dict[str, Any]) -> str:
            number = trial.config["point"]["number"]
            reported[number].append(result)
            stop = result["epoch"] >= decisions[number]["epochs"]
            return str(TrialScheduler.STOP if stop else TrialScheduler.CONTINUE)

    (folder / "tune").mkdir(parents=True, exist_ok=True)
    record = MLflowLoggerCallback(tracking_uri=f"sqlite:///{folder}/mlflow.db", experiment_name=prepared.spec.name)
    started = time.perf_counter()
    tune.Tuner(
        tune.with_resources(tune.with_parameters(fine_tune_point, work=work_of(prepared)), {"cpu": 1}),
        param_space={"point": tune.grid_search(points)},
        tune_config=tune.TuneConfig(scheduler=Decided(), reuse_actors=reuse),
        run_config=tune.RunConfig(name="documented", storage_path=str(folder / "tune"), callbacks=[record], verbose=0),
    ).fit()
    return reported, time.perf_counter() - started


def work_of(prepared: Prepared) -> Work:
    from sweeps.prepare import sizes_of
    from trainables import miniature

    spec, profile = prepared.spec, prepared.profile
    recipe, sizes = prepared.miniature_recipe, prepared.backbone.SIZES
    checkpoints = {
        size: str(miniature.path(spec.backbone, size, recipe)) if recipe else sizes[size].checkpoint
        for size in sizes_of(spec)
    }
    return Work(
        checkpoints,
        spec.task_kind,
        dict(spec.task_options),
        prepared.of_split("train"),
        prepared.of_split("validation"),
        prepared.window_seconds,
        spec.explore_seeds[0],
        evaluation_batch_size=16,
        threads=profile.threads_per_worker,
        dtype={"fp32": "float32", "bf16": "bfloat16"}[profile.precision],
    )


def fine_tune_point(config: dict[str, Any], work: Work) -> None:
    fine_tune(config["point"], work)


def cpu_now(results: Iterable[Mapping[str, Any]] = ()) -> float:
    """Processor seconds so far of this process, of Ray's that it started, and of every worker up to its last report."""
    workers = {result["worker_pid"]: result["process_cpu_seconds"] for result in results}
    others = 0.0
    for process in psutil.Process().children(recursive=True):
        if process.pid not in workers:
            with suppress(psutil.Error):
                others += sum(process.cpu_times()[:2])
    return time.process_time() + others + sum(workers.values())


def summary(
    prepared: Prepared, rows: Sequence[Any], seconds: float, cpu_seconds: float, turnarounds: Sequence[float]
) -> dict[str, Any]:
    """One arm in numbers. `overhead_share`: of the slots' time, what was no training or validation; `cpu_`: the same by
    processor time, which other work on the machine hardly changes."""
    profile = prepared.profile
    epochs = sum(len(row.results) for row in rows)
    computed, computed_cpu = (
        sum(result[name] for row in rows for result in row.results)
        for name in ("computed_seconds", "computed_cpu_seconds")
    )
    return {
        "epochs": epochs,
        "seconds": seconds,
        "epochs_per_second": epochs / seconds,
        "computed_seconds_per_epoch": computed / epochs,
        "overhead_share": 1.0 - computed / (seconds * profile.concurrency),
        "cpu_seconds_per_epoch": cpu_seconds / epochs,
        "computed_cpu_seconds_per_epoch": computed_cpu / epochs,
        "cpu_overhead_share": 1.0 - computed_cpu / cpu_seconds,
        "before_first_step_seconds": statistics.median(turnarounds) if turnarounds else None,
        "final_losses": [row.results[-1]["val_loss"] for row in rows],
        "decisions": [{"given": row.given, "epochs": len(row.results)} for row in rows],
        "profile": {k: v for k, v in asdict(profile).items() if k in ("device", "precision", "concurrency")},
        "threads": profile.threads_per_worker,
    }


def main() -> None:
    """Reads an arm's orders from a file, writes its figures to another."""
    orders = json.loads(Path(sys.argv[1]).read_text())
    found = measure(orders["arm"], orders["file"], orders["overrides"], Path(orders["folder"]), orders.get("decisions"))
    Path(sys.argv[2]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
