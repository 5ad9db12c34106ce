"""Starts Ray quietly and runs one stage of a sweep as an ordinary Tune experiment."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeps.machine.profile import Profile
from sweeps.stage.failures import MOST_RETRIES, FailureWatch
from sweeps.stage.holds import Hold, Overseer, Reins
from sweeps.state.progress import StageProgress
from sweeps.worker.job import Job
from trainables.errors import SweepFailed, SweepStopped
from trainables.training.faults import is_disk_full

if TYPE_CHECKING:
    from sweeps.search.sampler import Proposals
    from sweeps.stage.tune_hooks import Observer

# Before Ray is imported: no usage report, no default loggers (each costs tens of milliseconds a result), old reporter
# (the new one prints a banner even when it is told to be silent).
QUIET_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_MAX_PENDING_TRIALS_PG": "16",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000",  # its snapshots are never read: the journal is what a sweep resumes from
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TOKENIZERS_PARALLELISM": "false",
    # Tune would answer Ctrl-C with half of the results, and the sweep would take them for all
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    # under `uv run` Ray would pack the current folder, data and results included, and start every worker through uv
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
# A Ray of our own: its ports listen on every interface, and answer to the token alone
AUTHENTICATION = {
    "RAY_AUTH_MODE": "token",
}
START_ATTEMPTS = 3


@dataclass(frozen=True)
class RaySession:
    dashboard_url: str | None  # http://127.0.0.1:8265; the page asks for the token of `ray get-auth-token`


@contextmanager
def ray_session(profile: Profile) -> Iterator[RaySession]:
    """A local Ray on 127.0.0.1, or the cluster that RAY_ADDRESS names; ended when the block ends.

    Raises SweepFailed where Ray does not start.
    """
    os.environ.update({name: value for name, value in QUIET_ENVIRONMENT.items() if name not in os.environ})
    address = os.environ.get("RAY_ADDRESS", "local")
    if address == "local":
        os.environ.update(AUTHENTICATION)
        keep_token_private(Path.home() / ".ray" / "auth_token")
    import ray

    for name in ("ray", "ray.tune", "ray.train"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # a snapshot that nobody reads and that a full disk does not take is no error
    logging.getLogger("ray.tune.execution.experiment_state").setLevel(logging.CRITICAL)
    if address == "local":
        own: dict[str, Any] = {
            "num_cpus": profile.concurrency,
            "dashboard_host": "127.0.0.1",
            "include_dashboard": True,
        }
        # from the driver, not from a runtime environment: packs can live in Ray's first processes, which have none
        inherited = profile.worker_environment
    else:
        own = {"include_dashboard": None, "runtime_env": {"env_vars": dict(profile.worker_environment)}}
        inherited = {}
    with _environment(inherited):
        context = _started(
            ray,
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            **own,
        )
    try:
        yield RaySession(dashboard_url=f"http://{context.dashboard_url}" if context.dashboard_url else None)
    finally:
        ray.shutdown()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Inside, processes that are started get these."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _started(ray: Any, **settings: Any) -> Any:
    """Ray's context. Ray waits 30 s for its own processes, which a busy machine may need longer for, and then raises a
    bare Exception; by the next attempt its files are in memory."""
    failure: Exception | None = None
    for _ in range(START_ATTEMPTS):
        try:
            return ray.init(**settings)
        except Exception as error:
            failure = error
            ray.shutdown()
    raise SweepFailed(
        f"Ray did not start ({str(failure).partition('. ')[0]}). It gives up on a machine that is very busy or short "
        "of memory; the same command goes on when there is room."
    ) from failure


def keep_token_private(token: Path) -> None:
    """Ray writes its token as the umask says; whoever can read it can run code as this user."""
    with suppress(OSError):
        if token.stat().st_mode & 0o077:
            token.chmod(0o600)


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
