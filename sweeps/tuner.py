"""Starts Ray quietly and runs one stage of a sweep as an ordinary Tune experiment."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeps.job import Job
from sweeps.profiles import Profile

# Before Ray is imported: no usage report, no default loggers (each costs tens of milliseconds a result), old reporter
# (the new one prints a banner even when it is told to be silent).
QUIET_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_MAX_PENDING_TRIALS_PG": "16",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TOKENIZERS_PARALLELISM": "false",
    # Tune would answer Ctrl-C with half of the results, and the sweep would take them for all
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    # under `uv run` Ray would pack the current folder, data and results included, and start every worker through uv
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}


@dataclass(frozen=True)
class RaySession:
    dashboard_url: str | None  # http://127.0.0.1:8265; the page asks for the token of `ray get-auth-token`


@contextmanager
def ray_session(profile: Profile) -> Iterator[RaySession]:
    """A local Ray on 127.0.0.1, or the cluster that RAY_ADDRESS names; ended when the block ends."""
    os.environ.update({name: value for name, value in QUIET_ENVIRONMENT.items() if name not in os.environ})
    import ray

    for name in ("ray", "ray.tune", "ray.train"):
        logging.getLogger(name).setLevel(logging.ERROR)
    address = os.environ.get("RAY_ADDRESS", "local")
    local: dict[str, Any] = (
        {"num_cpus": profile.concurrency, "dashboard_host": "127.0.0.1"} if address == "local" else {}
    )
    context = ray.init(
        address=address,
        include_dashboard=True if local else None,
        log_to_driver=False,
        logging_level=logging.ERROR,
        runtime_env={"env_vars": dict(profile.worker_environment)},
        **local,
    )
    try:
        yield RaySession(dashboard_url=f"http://{context.dashboard_url}" if context.dashboard_url else None)
    finally:
        ray.shutdown()


def trial_folder_name(trial: Any) -> str:
    """`trial-1a2b_00003`, or `finalist-1-seed-123`: folders that a person can find again."""
    run = trial.config.get("run")
    if run is None:
        return f"trial-{trial.trial_id}"
    arm = str(run["arm"]).replace(" ", "-")
    return arm if run["seed"] is None else f"{arm}-seed-{run['seed']}"


def run_stage(
    job: Job,
    *,
    folder: Path,
    profile: Profile,
    callbacks: Sequence[Any],
    searcher: Any = None,
    scheduler: Any = None,
    samples: int = 1,
    param_space: Mapping[str, Any] | None = None,
) -> list[Any]:
    """Runs one Tune experiment to its end and returns its `ray.tune.Result`s, failed ones included."""
    from ray import tune
    from ray.tune.progress_reporter import ProgressReporter

    from sweeps.trial import SweepTrial

    class Silent(ProgressReporter):  # type: ignore[misc]
        def should_report(self, trials: Any, done: bool = False) -> bool:
            return False

        def report(self, trials: Any, done: bool, *sys_info: Any) -> None: ...

    trainable = tune.with_resources(
        tune.with_parameters(SweepTrial, job=job), tune.PlacementGroupFactory([dict(profile.trial_resources)])
    )
    tuner = tune.Tuner(
        trainable,
        param_space=dict(param_space or {}),
        tune_config=tune.TuneConfig(
            search_alg=searcher,
            scheduler=scheduler,
            num_samples=samples,
            max_concurrent_trials=None if searcher is not None else profile.concurrency,
            reuse_actors=True,
            trial_dirname_creator=trial_folder_name,
        ),
        run_config=tune.RunConfig(
            name=folder.name,
            storage_path=str(folder.parent),
            callbacks=list(callbacks),
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=1, checkpoint_at_end=True, num_to_keep=2),
            failure_config=tune.FailureConfig(max_failures=2),
            progress_reporter=Silent(),
            verbose=0,
        ),
    )
    return list(tuner.fit())
