"""Stage 1 as Ray Tune's documentation has it, as an arm of `benchmarks.sweep`: a Tuner over `documented.fine_tune`."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.arms.arm import Arm, Decisions, Ran, cpu_now
from benchmarks.arms.documented import Work, fine_tune_point
from benchmarks.arms.watched import PeakMemory
from sweeps.config.resolve import resolve
from sweeps.plan.prepare import Prepared


def documented(prepared: Prepared, decisions: Decisions | None, folder: Path, arm: Arm) -> Ran:
    """A function trainable as Ray Tune's documentation has it, with `reuse_actors` where the arm reuses."""
    from sweeps.stage.inputs import build_miniatures
    from sweeps.stage.ray_session import ray_session

    assert decisions is not None
    build_miniatures(prepared)
    threads = {name: value for name, value in prepared.profile.worker_environment.items() if "THREADS" in name}
    with (
        ray_session(replace(prepared.profile, worker_environment=threads)),
        PeakMemory(prepared.profile.device) as peak,
    ):
        before = cpu_now()
        reported, seconds, first_scores = fitted(prepared, decisions, folder, reuse=arm.reuse)
        cpu_seconds = cpu_now(result for results in reported for result in results) - before
    return Ran(
        reported,
        [decision["given"] for decision in decisions],
        seconds,
        cpu_seconds,
        [results[0]["startup_seconds"] for results in reported],
        first_scores,
        peak.bytes,
    )


def fitted(
    prepared: Prepared, decisions: Decisions, folder: Path, *, reuse: bool
) -> tuple[list[list[dict[str, Any]]], float, float]:
    """What each trial reported, how long it took, and how long until each had a first score."""
    from ray import tune
    from ray.air.integrations.mlflow import MLflowLoggerCallback
    from ray.tune.schedulers import FIFOScheduler, TrialScheduler

    points = [
        {"number": i, "config": resolve(prepared.spec, d["given"]).as_dict(), "reused": reuse}
        for i, d in enumerate(decisions)
    ]
    reported: list[list[dict[str, Any]]] = [[] for _ in points]
    first: dict[int, float] = {}

    class Decided(FIFOScheduler):  # type: ignore[misc]
        def on_trial_result(self, controller: Any, trial: Any, result: dict[str, Any]) -> str:
            number = trial.config["point"]["number"]
            first.setdefault(number, time.perf_counter())
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
    return reported, time.perf_counter() - started, max(first.values()) - started


def work_of(prepared: Prepared) -> Work:
    from trainables import miniature

    spec, profile = prepared.spec, prepared.profile
    recipe, sizes = prepared.miniature_recipe, prepared.backbones[spec.backbone].SIZES
    (hearing,) = prepared.hearings
    checkpoints = {
        size: str(miniature.path(spec.backbone, size, recipe)) if recipe else sizes[size].checkpoint
        for size in spec.sizes_of(spec.backbone)
    }
    return Work(
        checkpoints,
        spec.task_kind,
        dict(spec.task_options),
        prepared.of_split("train"),
        prepared.of_split("validation"),
        hearing.window_seconds,
        spec.explore_seeds[0],
        evaluation_batch_size=16,
        threads=profile.threads_per_worker,
        dtype={"fp32": "float32", "bf16": "bfloat16"}[profile.precision],
    )
