"""Trains a recorded run once more, through the same stage, trial and engine as the sweep that recorded it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from sweeps.machine.profile import probe
from sweeps.machine.weights import folder_digest
from sweeps.plan.prepare import Prepared, prepare_settled, rounds_of
from sweeps.plan.settle import settle_recorded
from sweeps.stage.inputs import build_miniatures, explore_job, make_stores
from sweeps.state.assignment import Assignment
from sweeps.state.progress import COMPLETED, FAILED, StageProgress, TrialProgress
from sweeps.state.workspace import CONFIRM, Workspace, lane_folder
from sweeps.worker.job import Job
from trainables import registry
from trainables.config import TrialConfig
from trainables.errors import InputError
from trainables.modeling.checkpoints import is_path
from trainables.records import NO_FOLD, NO_SEED, PARAM_DATA, PARAM_PRECISION, PARAM_RECIPE, Predictions, allowed_name
from trainables.sizes import size_of
from trainables.training.resume_points import FINAL

if TYPE_CHECKING:
    from sweeps.rerun.recorded import RecordedRun


@dataclass(frozen=True)
class Repeated:
    """What the second training gave."""

    curves: Mapping[tuple[str, int], float]
    answers: Mapping[str, Predictions]
    facts: Mapping[str, str]  # parameter counts, by the names that MLflow has them under
    status: str
    reason: str


def restore(run: RecordedRun, source_text: str, base_folder: str, device: str | None) -> Prepared:
    """The sweep of a run as it was prepared: file, data, splits, weights, and the device where this machine has it.

    Raises InputError with what cannot be restored here.
    """
    from sweeps.config.load import parse_sweep

    like = parse_sweep(source_text, base_folder=base_folder, recorded=True)
    if device is not None:
        like = replace(like, profile=device if device in ("cpu", probe().kind) else "auto")
    recipe = run.sweep_params.get(PARAM_RECIPE)
    settled = settle_recorded(source_text, base_folder, like=like, miniature=run.miniature, recipe=recipe)
    prepared = prepare_settled(settled, run.sweep_params.get(PARAM_DATA))
    precision = run.sweep_params.get(PARAM_PRECISION)
    if prepared.profile.device == "cpu" and precision in ("fp32", "bf16"):  # a CPU computes in either
        prepared = replace(prepared, profile=replace(prepared.profile, precision=precision))
    return prepared


def train_again(
    run: RecordedRun, assignment: Assignment, prepared: Prepared, folder: Path, console: Console
) -> Repeated:
    """Trains in `folder`, which is left full. Raises InputError where the run's fold is not there any more."""
    from sweeps.stage.ray_session import ray_session
    from sweeps.stage.run import train_all

    outer_fold, part = _round_of(run, prepared)
    workspace = Workspace(folder, "rerun", outer_fold)
    build_miniatures(prepared)
    job = _job(run, assignment.config, part, workspace, console)
    progress = StageProgress(workspace.stage(run.stage), job.spec)
    with ray_session(prepared.profile):
        train_all(
            job,
            progress,
            _Once(run.trial_id or "run", assignment.given),
            profile=replace(prepared.profile, concurrency=1),
            observers=[_Spoken(console, job.spec.metric)],
            # a run that was pruned or stopped is repeated as far as it went
            pruner=None if run.status in (COMPLETED, FAILED) else _StopAfter(run.epochs),
        )
    progress.close()
    (trial,) = progress.trials.values()
    return _repeated(run, trial, outer_fold)


def _round_of(run: RecordedRun, prepared: Prepared) -> tuple[str, Prepared]:
    for outer_fold, part in rounds_of(prepared):
        inner = sorted(set(part.folds.values())) if run.stage != CONFIRM else []
        prefix = "" if outer_fold == NO_FOLD else f"{outer_fold}."
        if run.fold in ([prefix + name for name in inner] or [outer_fold]):
            return outer_fold, part
    raise InputError(f"RUN_ID: {run.run_id} is of fold {run.fold!r}, which the data no longer has.")


def _job(run: RecordedRun, config: TrialConfig, part: Prepared, workspace: Workspace, console: Console) -> Job:
    """Of the trial's seeds the run's own alone: what a lane gives does not depend on the others."""
    confirming = run.stage == CONFIRM
    tests = ("test", *part.evaluations) if confirming else ()
    stores = make_stores(part, workspace, ("train", "validation", *tests), console)
    revision = run.params.get("checkpoint_revision")
    pinned = {}
    if revision:
        checkpoint = size_of(registry.backbone(config.backbone), config.model_size).checkpoint
        if is_path(checkpoint) and folder_digest(checkpoint) != revision:
            raise InputError(f"RUN_ID: the weights in {checkpoint} are not those that {run.run_id} was trained on.")
        pinned = {checkpoint: revision}
    job = explore_job(part, stores, workspace.outer_fold, pinned)
    if confirming:
        return replace(job, stage=CONFIRM, folds={})
    assert run.seed is not None
    return replace(job, spec=replace(job.spec, explore_seeds=(run.seed,)))


def _repeated(run: RecordedRun, trial: TrialProgress, outer_fold: str) -> Repeated:
    curves: dict[tuple[str, int], float] = {}
    for result in trial.results:
        for lane in result["lanes"]:
            if lane["fold"] == run.fold:
                curves |= {(allowed_name(name), result["epoch"]): value for name, value in lane["metrics"].items()}
    seed = NO_SEED if run.seed is None else run.seed
    predictions = trial.folder / FINAL / lane_folder(seed, run.fold) / "predictions"
    answers = {path.stem: Predictions.read_parquet(path) for path in sorted(predictions.glob("*.parquet"))}
    last = trial.last
    facts = {"checkpoint": last.get("checkpoint_name", ""), **last.get("counts", {})}
    if revision := last.get("checkpoint_revision"):
        facts["checkpoint_revision"] = revision
    return Repeated(curves, answers, {k: str(v) for k, v in facts.items()}, trial.status, trial.reason)


class _Once:
    """One trial and no further one."""

    def __init__(self, name: str, given: Mapping[str, Any]) -> None:
        self.left: list[tuple[str, Mapping[str, Any]]] = [(name, given)]

    ready = True  # nothing has to be known first

    @property
    def exhausted(self) -> bool:
        return not self.left

    def next(self) -> tuple[str, Mapping[str, Any]] | None:
        return self.left.pop() if self.left else None

    def tell(self, name: str, result: Mapping[str, Any] | None) -> None: ...


class _StopAfter:
    """Stands where ASHA stands in a sweep, and stops a trial at the epoch at which ASHA or a person did."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def on_trial_result(self, controller: Any, trial: Any, result: Mapping[str, Any]) -> str:
        return "STOP" if result["epoch"] >= self.epochs else "CONTINUE"

    def on_trial_add(self, controller: Any, trial: Any) -> None: ...

    def on_trial_complete(self, controller: Any, trial: Any, result: Any) -> None: ...

    def on_trial_remove(self, controller: Any, trial: Any) -> None: ...


class _Spoken:
    """A line an epoch."""

    def __init__(self, console: Console, metric: str) -> None:
        self.console, self.metric = console, metric

    def started(self, trial: TrialProgress) -> None: ...

    def reported(self, trial: TrialProgress) -> None:
        last = trial.last
        self.console.print(
            f"  epoch {last['epoch']}/{last['planned_epochs']}  {self.metric} {last['value']:.4g}", highlight=False
        )

    def retried(self, trial: TrialProgress) -> None:
        self.console.print(f"  goes on after: {trial.mended[-1]}", highlight=False, soft_wrap=True)

    def ended(self, trial: TrialProgress) -> None: ...
