"""A stage as one Tune experiment. Imports Ray: not before Ray's environment is set (sweeps/stage/ray_session.py)."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.execution import class_cache
from ray.tune.progress_reporter import ProgressReporter

from sweeps.machine.profile import Profile
from sweeps.search.pruning import Pruner
from sweeps.search.rungs import RungsInOrder
from sweeps.search.sampler import Proposals
from sweeps.stage.failures import MOST_RETRIES
from sweeps.stage.holds import Reins
from sweeps.stage.tune_hooks import Observer, StageKeeper, StageScheduler, StageSearcher
from sweeps.stage.turns import Turns
from sweeps.state.progress import StageProgress
from sweeps.worker.job import Job
from sweeps.worker.pool import Workers
from trainables.errors import SweepStopped
from trainables.training.faults import is_disk_full


def run_experiment(
    job: Job,
    progress: StageProgress,
    proposals: Proposals,
    *,
    profile: Profile,
    observers: Sequence[Observer],
    reins: Reins,
    pruner: Pruner | None,
) -> None:
    """Returns when there is nothing more to begin and nothing runs. Raises SweepStopped where the disk is full,
    SweepFailed where no worker starts."""
    without_environment()
    workers = Workers(job, profile)
    parallel_trials = profile.concurrency * job.trials_together
    turns = Turns(progress, pruner) if isinstance(pruner, RungsInOrder) else None
    searcher = StageSearcher(
        progress, proposals, reins, parallel_trials=parallel_trials, hosts=profile.concurrency, turns=turns
    )
    folder = _tune_folder(progress.folder)
    shutil.rmtree(folder, ignore_errors=True)
    tuner = tune.Tuner(
        workers.trainable,
        tune_config=tune.TuneConfig(
            search_alg=searcher,
            scheduler=StageScheduler(progress, pruner, reins),
            num_samples=-1,  # until the searcher has no more
            reuse_actors=True,
            trial_dirname_creator=_folder_name,
        ),
        run_config=tune.RunConfig(
            name=folder.name,
            storage_path=str(folder.parent),
            callbacks=[StageKeeper(progress, observers, reins, turns)],
            # a trial keeps its own resume points (trainables/training/resume_points.py); they outlive Tune's memory
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
            failure_config=tune.FailureConfig(max_failures=MOST_RETRIES),
            progress_reporter=_Silent(),
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
        if turns is not None:
            turns.close()
        shutil.rmtree(folder, ignore_errors=True)


def without_environment() -> None:
    """A trial with a runtime environment starts a process of its own; what Tune says by it, Ray's first processes were
    told already (`ray_session.NO_FORKS`)."""
    class_cache.DEFAULT_ENV_VARS.clear()


class _Silent(ProgressReporter):  # type: ignore[misc]
    def should_report(self, trials: Any, done: bool = False) -> bool:
        return False

    def report(self, trials: Any, done: bool, *sys_info: Any) -> None: ...


def _folder_name(trial: Any) -> str:
    return str(trial.config["name"])


def _tune_folder(stage: Path) -> Path:
    """Where Tune keeps its own files of this session; nothing is ever read from them."""
    return stage / "tune"
