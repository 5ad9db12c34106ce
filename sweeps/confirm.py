"""Stage 2: finalists, baseline and untuned backbone on fresh seeds, none pruned; then, once, the test clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from sweeps.console import StageView
from sweeps.finalists import Explored
from sweeps.job import CONFIRM, ConfirmRun, Job
from sweeps.profiles import Profile
from sweeps.recorder import Recorder
from sweeps.tracking import Tracker
from sweeps.trial import lane_folder
from sweeps.tuner import run_stage
from sweeps.workspace import Workspace
from trainables.config import TrialConfig
from trainables.errors import SweepFailed
from trainables.records import NO_SEED


@dataclass(frozen=True)
class Confirmed:
    """One finished run of stage 2."""

    arm: str
    role: str
    config: TrialConfig
    seed: int | None
    metrics: dict[str, float]
    run_id: str  # MLflow's
    folder: Path  # adapter/ and predictions/
    counts: dict[str, int]


def confirm_runs(
    finalists: Sequence[Explored], baseline: TrialConfig, seeds: Sequence[int], *, untuned: bool
) -> list[ConfirmRun]:
    """Every arm under every seed; arms on the same backbone stand together, so that workers stay warm."""
    arms = [(f"finalist {rank}", "finalist", trial.config) for rank, trial in enumerate(finalists, start=1)]
    arms.append(("baseline", "baseline", baseline))
    runs = [ConfirmRun(arm, role, config, seed) for arm, role, config in arms for seed in seeds]
    if untuned and finalists:
        # the untuned backbone is the best finalist's: the same size, the same quantization
        runs.append(ConfirmRun("untuned", "untuned", finalists[0].config, None))
    return sorted(runs, key=lambda run: (run.config.model_size, run.config.quantization))


def confirm(
    job: Job,
    runs: Sequence[ConfirmRun],
    *,
    workspace: Workspace,
    profile: Profile,
    tracker: Tracker,
    console: Console,
) -> list[Confirmed]:
    spec = job.spec
    view = StageView(
        console,
        f"Confirm: {len(runs)} runs on fresh seeds, none pruned",
        metric=spec.metric,
        mode=spec.mode,
        trials=len(runs),
        axes=["model_size", "quantization", "rank", "target_modules", "learning_rate"],
    )
    recorder = Recorder(spec, CONFIRM, tracker, outer_fold=job.outer_fold)
    with view:
        results = run_stage(
            job,
            folder=workspace.stage(CONFIRM),
            profile=profile,
            callbacks=[recorder, view],
            param_space={"run": _grid(runs)},
        )
    tracker.flush()
    failed = [result for result in results if result.error is not None]
    if failed and len(failed) == len(results):
        reason = str(failed[0].error).strip().splitlines()[-1]
        raise SweepFailed(f"every confirm run failed, the first with: {reason}")
    return [_confirmed(result, recorder) for result in results if result.error is None]


def _grid(runs: Sequence[ConfirmRun]) -> Any:
    from ray import tune

    return tune.grid_search([run.as_dict() for run in runs])


def _confirmed(result: Any, recorder: Recorder) -> Confirmed:
    run = result.config["run"]
    seed = NO_SEED if run["seed"] is None else run["seed"]
    (lane,) = result.metrics["lanes"]
    return Confirmed(
        arm=run["arm"],
        role=run["role"],
        config=TrialConfig.from_dict(run["config"]),
        seed=run["seed"],
        metrics=lane["metrics"],
        run_id=recorder.run_ids[result.metrics["trial_id"], str(seed), recorder.outer_fold],
        folder=Path(result.checkpoint.path) / lane_folder(seed, recorder.outer_fold),
        counts=result.metrics["counts"],
    )
