"""Stage 1: Optuna proposes, ASHA prunes, and nobody sees a test clip."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from sweeps.console import StageView
from sweeps.finalists import Explored
from sweeps.job import EXPLORE, Job
from sweeps.profiles import Profile
from sweeps.recorder import Recorder
from sweeps.search import make_scheduler, make_searcher
from sweeps.space import resolve
from sweeps.spec import SweepSpec
from sweeps.tracking import Tracker
from sweeps.tuner import run_stage
from sweeps.workspace import Workspace
from trainables.errors import SweepFailed


def explore(job: Job, *, workspace: Workspace, profile: Profile, tracker: Tracker, console: Console) -> list[Explored]:
    """Runs the trials and returns them in the order in which they were proposed."""
    spec = job.spec
    view = StageView(
        console,
        f"Explore: {spec.trials} trials, {len(spec.explore_seeds)} seed(s) each",
        metric=spec.metric,
        mode=spec.mode,
        trials=spec.trials,
        axes=[axis.name for axis in spec.axes],
    )
    with view:
        results = run_stage(
            job,
            folder=workspace.stage(EXPLORE),
            profile=profile,
            callbacks=[Recorder(spec, EXPLORE, tracker, outer_fold=job.outer_fold), view],
            searcher=make_searcher(spec, parallel_trials=profile.concurrency),
            scheduler=make_scheduler(spec),
            samples=spec.trials,
        )
    tracker.flush()
    explored = [_explored(spec, result) for result in results]
    if all(trial.status == "failed" for trial in explored):
        reason = str(next(result.error for result in results if result.error)).strip().splitlines()[-1]
        raise SweepFailed(f"every trial failed, the first with: {reason}; see {workspace.stage(EXPLORE)} for the rest")
    return explored


def _explored(spec: SweepSpec, result: Any) -> Explored:
    metrics = result.metrics or {}
    if result.error is not None:
        status = "failed"
    else:
        status = "completed" if metrics["epoch"] >= metrics["planned_epochs"] else "pruned"
    return Explored(
        trial_id=metrics.get("trial_id", ""),
        config=resolve(spec, result.config),
        sample=dict(result.config),
        status=status,
        epochs=metrics.get("epoch", 0),
        value=metrics.get("value"),
        value_se=metrics.get("value_se"),
        objective=metrics.get("objective"),
    )
