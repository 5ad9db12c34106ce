"""Runs one stage of a sweep as an ordinary Tune experiment."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sweeps.machine.profile import Profile
from sweeps.stage.failures import MOST_RETRIES, FailureWatch
from sweeps.stage.holds import Hold, Overseer, Reins
from sweeps.state.progress import StageProgress
from sweeps.worker.job import Job
from trainables.errors import SweepStopped
from trainables.training.faults import is_disk_full

if TYPE_CHECKING:
    from sweeps.search.sampler import Proposals
    from sweeps.stage.tune_hooks import Observer


def run_stage(
    job: Job,
    progress: StageProgress,
    proposals: Proposals,
    *,
    profile: Profile,
    observers: Sequence[Observer],
    overseers: Sequence[Overseer] = (),
    pruner: Any = None,
) -> None:
    """Runs what is left of a stage to its end; how it went is in `progress` then, failed trials included.

    Raises SweepStopped where an overseer orders END before that, or the disk is full: running epochs are let end first.
    SweepFailed where trial after trial fails of one thing, or no worker starts. The next session goes on either way.
    """
    if not progress.unfinished and proposals.exhausted:
        return
    watch = FailureWatch()
    reins = Reins([*overseers, watch], progress.stopping)
    if reins.order().hold == Hold.END:
        raise reins.stop()
    from ray import tune
    from ray.tune.progress_reporter import ProgressReporter

    from sweeps.stage.tune_hooks import StageKeeper, StageScheduler, StageSearcher, trial_folder_name, tune_folder
    from sweeps.worker.pool import Workers

    class Silent(ProgressReporter):  # type: ignore[misc]
        def should_report(self, trials: Any, done: bool = False) -> bool:
            return False

        def report(self, trials: Any, done: bool, *sys_info: Any) -> None: ...

    workers = Workers(job, profile)
    folder = tune_folder(progress.folder)
    shutil.rmtree(folder, ignore_errors=True)
    tuner = tune.Tuner(
        workers.trainable,
        tune_config=tune.TuneConfig(
            search_alg=StageSearcher(
                progress,
                proposals,
                reins,
                parallel_trials=profile.concurrency * job.trials_together,
                hosts=profile.concurrency,
            ),
            scheduler=StageScheduler(pruner, reins),
            num_samples=-1,  # until the searcher has no more
            reuse_actors=True,
            trial_dirname_creator=trial_folder_name,
        ),
        run_config=tune.RunConfig(
            name=folder.name,
            storage_path=str(folder.parent),
            callbacks=[StageKeeper(progress, [*observers, watch], reins)],
            # a trial keeps its own resume points (trainables/training/resume_points.py); they outlive Tune's memory
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
            failure_config=tune.FailureConfig(max_failures=MOST_RETRIES),
            progress_reporter=Silent(),
            verbose=0,
        ),
    )
    try:
        tuner.fit()
    except Exception as error:
        if is_disk_full(error):
            raise SweepStopped(f"the disk is full ({error}): free some space in the results folder") from error
        raise
    finally:
        workers.close()
        shutil.rmtree(folder, ignore_errors=True)
    order = reins.order()
    if order.hold == Hold.END:
        for trial in watch.again if order.failure else ():
            progress.again(trial.name)
        if progress.unfinished or not proposals.exhausted:
            raise reins.stop()
    if order.hold == Hold.NONE and not proposals.exhausted:
        # somebody asked for one more trial when Tune had been told that there were no more
        run_stage(job, progress, proposals, profile=profile, observers=observers, overseers=overseers, pruner=pruner)
