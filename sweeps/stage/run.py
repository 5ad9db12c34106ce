"""Runs one stage of a sweep to its end, whatever it trains. Loads no Ray itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

from sweeps.machine.profile import Profile
from sweeps.record.recorder import Recorder
from sweeps.record.tracker import Tracker
from sweeps.stage.cleanup import Housekeeper
from sweeps.stage.events import Events, StageEvents
from sweeps.stage.failures import FailureWatch
from sweeps.stage.holds import Hold, Overseer, Reins
from sweeps.stage.metrics import StageMetrics
from sweeps.stage.view import StageView
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import EXPLORE, Workspace
from sweeps.worker.job import Job

if TYPE_CHECKING:  # they load Ray
    from sweeps.search.pruning import Pruner
    from sweeps.search.sampler import Proposals
    from sweeps.stage.tune_hooks import Observer


@dataclass(frozen=True)
class Session:
    """What all stages of one round share."""

    workspace: Workspace
    profile: Profile
    tracker: Tracker
    console: Console
    overseers: Sequence[Overseer] = ()
    events: Events | None = None  # for a program that reads along
    observers: Sequence[Observer] = ()  # of every stage
    disk_bytes: Callable[[], int | None] = lambda: None  # what the sweep keeps
    flush: Callable[[], None] = lambda: None  # returns when what was written outlives this machine


def run_stage(
    session: Session,
    job: Job,
    progress: StageProgress,
    proposals: Proposals,
    *,
    title: str,
    trials: int,
    columns: Sequence[str],
    overseers: Sequence[Overseer] = (),
    paused: Callable[[], bool] = lambda: False,
    pruner: Pruner | None = None,
) -> Recorder:
    """Trains what is left of a stage, shows and records it, and tidies up after it; returns what knows its runs.

    `trials` is how many there will be, `columns` which of their values are shown, `paused` whether a person holds it
    back. Raises as `train_all`.
    """
    recorder = Recorder(job.spec, job.stage, session.tracker.runs, outer_fold=job.outer_fold)
    recorder.catch_up(progress)
    housekeeper = Housekeeper(progress, job.spec if job.stage == EXPLORE else None)
    housekeeper.catch_up()
    view = StageView(
        session.console,
        title,
        job.spec.metric,
        job.spec.mode,
        trials,
        list(columns),
        ranked=job.stage == EXPLORE,
        paused=paused,
    )
    told: list[Observer] = [recorder, view, housekeeper, *session.observers]
    if session.events is not None:
        told.append(StageEvents(session.events, job.stage))
        session.events.write("stage", stage=job.stage, trials=trials, begun=len(progress.trials), fold=job.outer_fold)
    with view:
        view.catch_up(progress)
        metrics = StageMetrics(
            session.workspace.sweep_id, job.stage, job.outer_fold, progress, view, session.disk_bytes
        )
        told.append(metrics)
        train_all(
            job,
            progress,
            proposals,
            profile=session.profile,
            observers=told,
            overseers=[*session.overseers, *overseers],
            pruner=pruner,
        )
    housekeeper.all_over()
    metrics.all_over()
    session.tracker.flush()
    progress.close()
    return recorder


def train_all(
    job: Job,
    progress: StageProgress,
    proposals: Proposals,
    *,
    profile: Profile,
    observers: Sequence[Observer],
    overseers: Sequence[Overseer] = (),
    pruner: Pruner | None = None,
) -> None:
    """Trains what is left of a stage; how it went is in `progress` then, failed trials included.

    Raises SweepStopped where an overseer orders END before that, or the disk is full: running epochs are let end first.
    SweepFailed where trial after trial fails of one thing, or no worker starts. The next session goes on either way.
    """
    from sweeps.stage.tune_experiment import run_experiment

    watch = FailureWatch()
    reins = Reins([*overseers, watch])
    # once, as a rule; again where somebody asked for one more trial when Tune had been told that there were no more
    while progress.unfinished or not proposals.exhausted:
        if reins.order().hold == Hold.END:
            raise reins.stop()
        run_experiment(
            job, progress, proposals, profile=profile, observers=[*observers, watch], reins=reins, pruner=pruner
        )
        if reins.order().failure:
            for trial in watch.again:
                progress.again(trial.name)
        if reins.order().hold == Hold.FINISH:
            return
