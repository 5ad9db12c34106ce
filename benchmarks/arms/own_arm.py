"""Stage 1 in this project's way, as an arm of `benchmarks.sweep`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.arms.arm import Arm, Decisions, Ran, cpu_now
from benchmarks.arms.watched import PeakMemory
from sweeps.plan.prepare import Prepared


def ours(prepared: Prepared, decisions: Decisions | None, folder: Path, arm: Arm) -> Ran:
    """Stage 1 as `sweeps.explore` runs it: Optuna, ASHA, the journal and MLflow at work."""
    from sweeps.stage.inputs import build_miniatures
    from sweeps.stage.ray_session import ray_session

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

    from sweeps.config.spec import AS_THEY_COME
    from sweeps.plan.parts import make_console
    from sweeps.record.recorder import Recorder
    from sweeps.record.store import default_uri
    from sweeps.record.tracker import Tracker
    from sweeps.search.pruning import asha_for
    from sweeps.search.sampler import OptunaProposals
    from sweeps.stage.inputs import explore_job, make_stores, pin_revisions
    from sweeps.stage.run import train_all
    from sweeps.state.decisions import Decisions
    from sweeps.state.progress import StageProgress
    from sweeps.state.workspace import EXPLORE, new_workspace

    spec = prepared.spec
    workspace = new_workspace(folder, spec.name)
    progress = StageProgress(workspace.stage(EXPLORE), spec)
    asha = asha_for(spec, lambda name: progress.trials[name].given)
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
    train_all(
        job,
        progress,
        OptunaProposals(spec, decisions=Decisions(AS_THEY_COME, at_once)),
        profile=prepared.profile,
        observers=[Recorder(spec, EXPLORE, tracker.runs), scores, *observers],
        pruner=asha if decisions is None else Decided(),
    )
    tracker.flush()
    progress.close()
    seconds = time.perf_counter() - started
    return list(progress.trials.values()), seconds, max(scores.seen.values()) - started


def caching(on: bool) -> dict[str, Any]:
    """The engine's settings without and with the outputs of frozen parts kept."""
    return {"activations": "auto" if on else "off"}
