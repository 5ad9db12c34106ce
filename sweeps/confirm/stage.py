"""Stage 2: finalists, baseline and untuned backbone on fresh seeds, none pruned; then, once, the test clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.confirm.looks import Judge, Looked, RunsByLook
from sweeps.control.steering import StageSteering, Steering
from sweeps.judge import interim_look
from sweeps.record.recorder import Recorder
from sweeps.stage.run import Session, run_stage
from sweeps.state.assignment import Assignment
from sweeps.state.progress import COMPLETED, FAILED, StageProgress, TrialProgress
from sweeps.state.workspace import CONFIRM, lane_folder
from sweeps.worker.job import Job
from trainables.config import TrialConfig
from trainables.errors import InputError, SweepFailed
from trainables.records import Predictions
from trainables.training.resume_points import FINAL

if TYPE_CHECKING:
    from trainables.contract import Task

# of what is open in the search, for the eye
COLUMNS = (
    "backbone",
    "model_size",
    "quantization",
    "adapter",
    "rank",
    "alpha_ratio",
    "target_modules",
    "learning_rate",
)


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


def confirm(session: Session, job: Job, runs: Sequence[Assignment], task: Task, steering: Steering) -> list[Confirmed]:
    """Trains the runs, or what is left of them, and returns those that were completed.

    Raises SweepFailed where every run failed, SweepStopped where an overseer ends the stage.
    """
    spec, seeds = job.spec, job.spec.confirm_seeds
    opened = {axis.name for axis in spec.axes}
    columns = [name for name in COLUMNS if name in opened]
    progress = StageProgress(session.workspace.stage(CONFIRM), spec)
    looks = progress.plan_looks(spec.looks)
    early = looks[:-1]
    session.tracker.note_interim(looks if early else (), progress.looked)

    from analysis.verdict.wording import look_in_words

    def heard(looked: Looked, number: int) -> None:
        session.tracker.note_interim(looks, progress.looked)
        session.console.print(look_in_words(looked.as_event(), number, looks), soft_wrap=True, markup=False)
        if session.events is not None:
            session.events.write("look", number=number, looks=list(looks), **looked.as_event())

    judge = judge_of(job, task, runs, progress, look=session.workspace.look - 1)
    proposals = RunsByLook(runs, seeds, looks, progress, judge, heard)
    up_to = "up to " if early else ""
    after = f"; looks after {', '.join(map(str, early))} of {len(seeds)} seeds" if early else ""
    recorder = run_stage(
        session,
        job,
        progress,
        proposals,
        title=f"Confirm: {up_to}{len(runs)} runs on fresh seeds, none pruned{after}",
        trials=len(runs),
        columns=columns,
        overseers=[StageSteering(steering)],
        paused=lambda: steering.paused,
    )
    trials = [progress.trials[run.name] for run in runs if run.name in progress.trials]
    failed = [trial for trial in trials if trial.status == FAILED]
    if failed and len(failed) == len(trials):
        raise SweepFailed(f"every confirm run failed, the first with: {failed[0].reason}")
    return [_confirmed(trial, recorder) for trial in trials if trial.status == COMPLETED]


def judge_of(job: Job, task: Task, runs: Sequence[Assignment], progress: StageProgress, *, look: int) -> Judge:
    """What is decided by the answers that the runs so far gave to the test clips; `look`: earlier confirmations."""
    spec, outer_fold = job.spec, job.outer_fold

    def judge(still: tuple[str, ...], seeds: tuple[int, ...]) -> Looked:
        answers: dict[str, dict[int, Predictions]] = {}
        for run in runs:
            trial = progress.trials.get(run.name)
            if run.seed in seeds and trial is not None and trial.status == COMPLETED:
                found = Predictions.read_parquet(_folder(trial, outer_fold) / "predictions" / "test.parquet")
                answers.setdefault(run.arm, {})[run.seed] = found
        try:
            return Looked.of(interim_look(spec, task, answers, looks=progress.looks, still=still, look=look))
        except InputError as error:  # no finite metric on some arm, for instance: the end will say it
            return Looked(len(seeds), still, reason="; ".join(error.problems))

    return judge


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
        folder=_folder(trial, recorder.outer_fold),
        counts=trial.last["counts"],
    )


def _folder(trial: TrialProgress, outer_fold: str) -> Path:
    """What its one lane left."""
    (lane,) = trial.last["lanes"]
    return trial.folder / FINAL / lane_folder(lane["seed"], outer_fold)
