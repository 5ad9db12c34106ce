"""Ray: started quietly, and early, while the driver still connects to MLflow and prepares its data.

On a processor its processes import torch and its kin before a trial comes (RAY_preload_python_modules), and
`tune_experiment` sees to it that trials run in the first of them. Where there is a GPU they do not: what they see of it
is only set when a trial comes, and libraries look at it when they are imported.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from sweeps.machine.profile import Profile
from trainables.errors import SweepFailed

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
# Tune says it to every trial by a runtime environment, which no process of Ray's first ones has: here all are told
NO_FORKS = {"PL_DISABLE_FORK": "1"}
PRELOADED = {"RAY_preload_python_modules": "sweeps.worker.tune_trial,sweeps.worker.trial"}
START_ATTEMPTS = 3


@dataclass(frozen=True)
class RaySession:
    dashboard_url: str | None  # http://127.0.0.1:8265; the page asks for the token of `ray get-auth-token`


def prepare_environment() -> str:
    """The address of Ray; its environment is set. Whoever imports Ray, or a library that does, calls this before: Ray
    reads some of it when it is imported, and a driver without the token mode cannot speak to its own Ray."""
    os.environ.update({name: value for name, value in QUIET_ENVIRONMENT.items() if name not in os.environ})
    address = os.environ.get("RAY_ADDRESS", "local")
    if address == "local":
        os.environ.update(AUTHENTICATION)
    return address


@contextmanager
def ray_session(profile: Profile, *, preload: bool = False) -> Iterator[RaySession]:
    """A local Ray on 127.0.0.1, or the cluster that RAY_ADDRESS names; ended when the block ends.

    `preload`: every process that this Ray starts is to train. Where none needs a GPU they then import what they train
    with before a trial comes.

    Raises SweepFailed where Ray does not start.
    """
    address = prepare_environment()
    if address == "local":
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
        preloaded = PRELOADED if preload and profile.device == "cpu" else {}
        inherited = {**profile.worker_environment, **NO_FORKS, **preloaded}
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


class EarlyRay:
    """`begin` starts it in the background, at the latest `session` does; `end`, or the end of the block, ends it."""

    def __init__(self, profile: Profile, *, preload: bool = False) -> None:
        prepare_environment()  # now: what prepares a stage may import Ray before Ray begins
        self.profile, self.preload = profile, preload
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="early-ray")
        self._stack = ExitStack()
        self._starting: Future[RaySession] | None = None

    def begin(self) -> None:
        if self._starting is None:
            self._starting = self._thread.submit(self._start)

    def session(self) -> RaySession:
        """Raises SweepFailed where Ray does not start."""
        self.begin()
        assert self._starting is not None
        return self._starting.result()

    def _start(self) -> RaySession:
        return self._stack.enter_context(ray_session(self.profile, preload=self.preload))

    def end(self) -> None:
        """Once nothing is trained any more; waits for a Ray that is half started, which cannot be ended.

        In the thread that started it: Linux kills Ray's own processes when that thread ends (PR_SET_PDEATHSIG), and a
        driver that then meets a dead raylet exits on the spot, without a word.
        """
        started, self._starting = self._starting, None
        if started is not None:
            self._thread.submit(self._stack.close).result()
        self._thread.shutdown(wait=True)

    def __enter__(self) -> EarlyRay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()
