"""Stage 2: finalists, baseline and untuned backbone on fresh seeds, none pruned; then, once, the test clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from sweeps.control.steering import Steering
from sweeps.machine.profile import Profile
from sweeps.record.recorder import Recorder
from sweeps.record.tracker import Tracker
from sweeps.search.finalists import Explored
from sweeps.stage.cleanup import Housekeeper
from sweeps.stage.holds import Overseer
from sweeps.stage.run import run_stage
from sweeps.stage.view import StageView
from sweeps.state.progress import COMPLETED, FAILED, StageProgress, TrialProgress
from sweeps.state.workspace import CONFIRM, Workspace, lane_folder
from sweeps.worker.job import ConfirmRun, Job
from trainables.config import TrialConfig
from trainables.errors import SweepFailed
from trainables.records import NO_SEED
from trainables.training.resume_points import FINAL


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
    return sorted(runs, key=lambda run: (run.config.backbone, run.config.model_size, run.config.quantization))


def confirm(
    job: Job,
    runs: Sequence[ConfirmRun],
    *,
    workspace: Workspace,
    profile: Profile,
    tracker: Tracker,
    console: Console,
    overseers: Sequence[Overseer] = (),
    steering: Steering | None = None,
) -> list[Confirmed]:
    """Trains the runs, or what is left of them, and returns those that were completed.

    Raises SweepFailed where every run failed, SweepStopped where an overseer ends the stage.
    """
    spec = job.spec
    columns = ["model_size", "quantization", "rank", "target_modules", "learning_rate"]
    view = StageView(
        console,
        f"Confirm: {len(runs)} runs on fresh seeds, none pruned",
        metric=spec.metric,
        mode=spec.mode,
        trials=len(runs),
        axes=columns if spec.backbone else ["backbone", *columns],
    )
    progress = StageProgress(workspace.stage(CONFIRM))
    recorder = Recorder(spec, CONFIRM, tracker.runs, outer_fold=job.outer_fold)
    recorder.catch_up(progress)
    housekeeper = Housekeeper(progress)
    housekeeper.catch_up()
    if steering is not None:
        overseers = [*overseers, steering.takes(CONFIRM, spec, progress)]
    with view:
        view.catch_up(progress)
        run_stage(
            job,
            progress,
            Listed(runs, progress),
            profile=profile,
            observers=[recorder, view, housekeeper],
            overseers=overseers,
        )
    housekeeper.all_over()
    tracker.flush()
    progress.close()
    trials = [progress.trials[run.name] for run in runs]
    failed = [trial for trial in trials if trial.status == FAILED]
    if failed and len(failed) == len(trials):
        raise SweepFailed(f"every confirm run failed, the first with: {failed[0].reason}")
    return [_confirmed(trial, recorder) for trial in trials if trial.status == COMPLETED]


class Listed:
    """The runs of stage 2 that have not begun, one after the other."""

    def __init__(self, runs: Sequence[ConfirmRun], progress: StageProgress) -> None:
        self.left = [run for run in runs if run.name not in progress.trials]

    @property
    def exhausted(self) -> bool:
        return not self.left

    def next(self) -> tuple[str, Mapping[str, Any]] | None:
        if not self.left:
            return None
        run = self.left.pop(0)
        return run.name, run.as_dict()

    def tell(self, name: str, result: Mapping[str, Any] | None) -> None: ...


def _confirmed(trial: TrialProgress, recorder: Recorder) -> Confirmed:
    run = trial.given
    seed = NO_SEED if run["seed"] is None else run["seed"]
    (lane,) = trial.last["lanes"]
    return Confirmed(
        arm=run["arm"],
        role=run["role"],
        config=TrialConfig.from_dict(run["config"]),
        seed=run["seed"],
        metrics=lane["metrics"],
        run_id=recorder.run_id(trial, lane),
        folder=trial.folder / FINAL / lane_folder(seed, recorder.outer_fold),
        counts=trial.last["counts"],
    )
