"""Stage 2: finalists, baseline and untuned backbone on fresh seeds, none pruned; then, once, the test clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeps.control.steering import StageSteering, Steering
from sweeps.record.recorder import Recorder
from sweeps.search.finalists import Explored
from sweeps.stage.run import Session, run_stage
from sweeps.state.assignment import UNTUNED, Assignment, confirming
from sweeps.state.progress import COMPLETED, FAILED, StageProgress, TrialProgress
from sweeps.state.workspace import CONFIRM, lane_folder
from sweeps.worker.job import Job
from trainables.config import TrialConfig
from trainables.errors import SweepFailed
from trainables.training.resume_points import FINAL

# of what is open in the search, for the eye
COLUMNS = ("backbone", "model_size", "quantization", "rank", "alpha_ratio", "target_modules", "learning_rate")


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
) -> list[Assignment]:
    """Every arm under every seed; arms on the same backbone stand together, so that workers stay warm."""
    arms = [(f"finalist {rank}", "finalist", trial.config) for rank, trial in enumerate(finalists, start=1)]
    arms.append(("baseline", "baseline", baseline))
    runs = [confirming(arm, role, config, seed) for arm, role, config in arms for seed in seeds]
    if untuned and finalists:
        # the untuned backbone is the best finalist's: the same size, the same quantization
        runs.append(confirming(UNTUNED, UNTUNED, finalists[0].config, None))
    return sorted(runs, key=lambda run: (run.config.backbone, run.config.model_size, run.config.quantization))


def confirm(session: Session, job: Job, runs: Sequence[Assignment], steering: Steering) -> list[Confirmed]:
    """Trains the runs, or what is left of them, and returns those that were completed.

    Raises SweepFailed where every run failed, SweepStopped where an overseer ends the stage.
    """
    opened = {axis.name for axis in job.spec.axes}
    columns = [name for name in COLUMNS if name in opened]
    progress = StageProgress(session.workspace.stage(CONFIRM), job.spec)
    recorder = run_stage(
        session,
        job,
        progress,
        Listed(runs, progress),
        title=f"Confirm: {len(runs)} runs on fresh seeds, none pruned",
        trials=len(runs),
        columns=columns,
        overseers=[StageSteering(steering)],
        paused=lambda: steering.paused,
    )
    trials = [progress.trials[run.name] for run in runs]
    failed = [trial for trial in trials if trial.status == FAILED]
    if failed and len(failed) == len(trials):
        raise SweepFailed(f"every confirm run failed, the first with: {failed[0].reason}")
    return [_confirmed(trial, recorder) for trial in trials if trial.status == COMPLETED]


class Listed:
    """The runs of stage 2 that have not begun, one after the other."""

    def __init__(self, runs: Sequence[Assignment], progress: StageProgress) -> None:
        self.left = [run for run in runs if run.name not in progress.trials]

    @property
    def exhausted(self) -> bool:
        return not self.left

    def next(self) -> tuple[str, Mapping[str, Any]] | None:
        if not self.left:
            return None
        run = self.left.pop(0)
        return run.name, run.given

    def tell(self, name: str, result: Mapping[str, Any] | None) -> None: ...


def _confirmed(trial: TrialProgress, recorder: Recorder) -> Confirmed:
    run = trial.assignment
    (lane,) = trial.last["lanes"]
    return Confirmed(
        arm=run.arm,
        role=run.role,
        config=run.config,
        seed=run.seed,
        metrics=lane["metrics"],
        run_id=recorder.run_id(trial, lane),
        folder=trial.folder / FINAL / lane_folder(lane["seed"], recorder.outer_fold),
        counts=trial.last["counts"],
    )
