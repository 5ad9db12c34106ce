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
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from benchmarks.documented import Work, fine_tune
from benchmarks.watched import PeakMemory
from sweeps.prepare import Prepared, prepare
from sweeps.profiles import Profile
from sweeps.space import resolve

FIRST = "cached"  # the quickest searches, before anything is measured: what it decides, every arm trains
Decisions = Sequence[Mapping[str, Any]]  # {"given": values of the active axes, "epochs": how many were trained}


@dataclass(frozen=True)
class Arm:
    """A way to run stage 1: this project's, or a function trainable as Ray Tune's documentation has it."""

    name: str
    documented: bool = False
    reuse: bool = False  # of the function trainable's processes
    caches: bool = False
    packing: str = "off"
    processes: int = 1  # where the others have one: two share a core, or an accelerator

    def on(self, prepared: Prepared) -> Prepared:
        """The sweep as this arm runs it."""
        profile = prepared.profile
        shared = replace(
            profile,
            concurrency=profile.concurrency * self.processes,
            gpu_fraction=profile.gpu_fraction / self.processes,
        )
        return replace(prepared, profile=shared, spec=replace(prepared.spec, packing=self.packing))


ARMS = {
    arm.name: arm
    for arm in (
        Arm("ray_documented", documented=True),
        Arm("ray_reused", documented=True, reuse=True),
        Arm("warm"),
        Arm("cached", caches=True),
        Arm("packed", caches=True, packing="8"),
        Arm("two_processes", caches=True, processes=2),
    )
}


def measure(arm: Arm, file: str, overrides: Sequence[str], folder: Path, decisions: Decisions | None) -> dict[str, Any]:
    """What an arm did and what it took. `decisions` None: searches (this project's way only)."""
    places = prepare(file, overrides, planning=False)
    prepared = arm.on(replace(places, spec=replace(places.spec, results=str(folder))))
    run = documented if arm.documented else ours
    found = run(prepared, decisions, folder, arm)
    return summary(found, places.profile)


@dataclass
class Ran:
    """What an arm's trials reported, and what they took together."""

    trials: Sequence[Sequence[Mapping[str, Any]]]  # results in their order
    given: Sequence[Mapping[str, Any]]
    seconds: float
    cpu_seconds: float
    before_first_step: Sequence[float]
    first_scores_seconds: float  # from the start until every trial has its first
    peak_bytes: int


def ours(prepared: Prepared, decisions: Decisions | None, folder: Path, arm: Arm) -> Ran:
    """Stage 1 as `sweeps.explore` runs it: Optuna, ASHA, the journal and MLflow at work."""
    from sweeps.materials import build_miniatures
    from sweeps.tuner import ray_session

    if decisions is not None:
        given = tuple(decision["given"] for decision in decisions)
        prepared = replace(prepared, spec=replace(prepared.spec, warm_start=given, trials=len(decisions)))
    build_miniatures(prepared)
    with ray_session(prepared.profile), PeakMemory(prepared.profile.device) as peak:  # before Ray is imported
        before = cpu_now()
        trials, seconds, first_scores = explored(prepared, decisions, folder, caching(arm.caches))
        cpu_seconds = cpu_now(result for trial in trials for result in trial.results) - before
    if failed := [trial.reason for trial in trials if not trial.results]:
        raise RuntimeError(f"a trial failed: {failed[0]}")
    turnarounds = [t.results[0]["turnaround_seconds"] for t in trials if t.results[0]["turnaround_seconds"] is not None]
    return Ran(
        [[{**each, "val_loss": each["lanes"][0]["metrics"]["val/loss"]} for each in t.results] for t in trials],
        [dict(trial.given) for trial in trials],
        seconds,
        cpu_seconds,
        turnarounds,
        first_scores,
        peak.bytes,
    )


def explored(
    prepared: Prepared,
    decisions: Decisions | None,
    folder: Path,
    settings: Mapping[str, Any],
    observers: Sequence[Any] = (),
) -> tuple[list[Any], float, float]:
    """The trials of stage 1, how long it took, and how long until each had a first score."""
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

    class Scores:
        """When each trial reported first."""

        def __init__(self) -> None:
            self.seen: dict[str, float] = {}

        def reported(self, trial: Any) -> None:
            self.seen.setdefault(trial.name, time.perf_counter())

        def started(self, trial: Any) -> None: ...

        retried = ended = started

    scores = Scores()
    started = time.perf_counter()
    stores = make_stores(prepared, workspace, ("train", "validation"), make_console())
    job = explore_job(prepared, stores, "-", pin_revisions(prepared, workspace))
    job = replace(job, engine_settings={**job.engine_settings, **settings})
    at_once = prepared.profile.concurrency * job.trials_together
    tracker = Tracker(default_uri(folder), folder, spec.name, miniature=True)
    tracker.start_sweep(workspace.sweep_id, spec.source_text, {}, {})
    progress = StageProgress(workspace.stage(EXPLORE))
    run_stage(
        job,
        progress,
        OptunaProposals(spec, parallel_trials=at_once),
        profile=prepared.profile,
        observers=[Recorder(spec, EXPLORE, tracker), scores, *observers],
        pruner=asha if decisions is None else Decided(),
    )
    tracker.flush()
    progress.close()
    seconds = time.perf_counter() - started
    return list(progress.trials.values()), seconds, max(scores.seen.values()) - started


def caching(on: bool) -> dict[str, Any]:
    """The engine's settings without and with the outputs of frozen parts kept."""
    return {"activations": "auto" if on else "off"}


def documented(prepared: Prepared, decisions: Decisions | None, folder: Path, arm: Arm) -> Ran:
    """A function trainable as Ray Tune's documentation has it, with `reuse_actors` where the arm reuses."""
    from sweeps.materials import build_miniatures
    from sweeps.tuner import ray_session

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
    workers: dict[int, float] = {}
    for result in results:
        pid = result["worker_pid"]
        workers[pid] = max(workers.get(pid, 0.0), result["process_cpu_seconds"])
    others = 0.0
    for process in psutil.Process().children(recursive=True):
        if process.pid not in workers:
            with suppress(psutil.Error):
                others += sum(process.cpu_times()[:2])
    return time.process_time() + others + sum(workers.values())


def summary(ran: Ran, profile: Profile) -> dict[str, Any]:
    """One arm in numbers; `profile` is the machine's, not the arm's. `overhead_share`: of the places' time, what was no
    training or validation; `cpu_`: the same by processor time, which other work on the machine hardly changes."""
    epochs, trials = sum(len(results) for results in ran.trials), len(ran.trials)
    computed, computed_cpu = (
        sum(result[name] for results in ran.trials for result in results)
        for name in ("computed_seconds", "computed_cpu_seconds")
    )
    places_seconds = ran.seconds * profile.concurrency
    return {
        "epochs": epochs,
        "trials": trials,
        "seconds": ran.seconds,
        "epochs_per_second": epochs / ran.seconds,
        "computed_seconds_per_epoch": computed / epochs,
        "overhead_share": 1.0 - computed / places_seconds,
        "overhead_seconds_per_trial": (places_seconds - computed) / trials,
        "cpu_seconds_per_epoch": ran.cpu_seconds / epochs,
        "computed_cpu_seconds_per_epoch": computed_cpu / epochs,
        "cpu_overhead_share": 1.0 - computed_cpu / ran.cpu_seconds,
        "before_first_step_seconds": statistics.median(ran.before_first_step) if ran.before_first_step else None,
        "first_scores_seconds": ran.first_scores_seconds,
        "peak_bytes": ran.peak_bytes,
        "final_losses": [results[-1]["val_loss"] for results in ran.trials],
        "decisions": [{"given": g, "epochs": len(r)} for g, r in zip(ran.given, ran.trials, strict=True)],
        "profile": {k: v for k, v in asdict(profile).items() if k in ("device", "precision", "concurrency")},
        "threads": profile.threads_per_worker,
    }


def main() -> None:
    """Reads an arm's orders from a file, writes its figures to another."""
    orders = json.loads(Path(sys.argv[1]).read_text())
    arm, folder = ARMS[orders["arm"]], Path(orders["folder"])
    found = measure(arm, orders["file"], orders["overrides"], folder, orders.get("decisions"))
    Path(sys.argv[2]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
