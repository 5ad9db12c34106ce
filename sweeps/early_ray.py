"""Ray, and its workers with all that they import, started while the driver still plans.

A worker's imports (torch, transformers, PEFT) take as long as the driver's own (MLflow, Optuna, Tune) and its first
acts together, and need none of them.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweeps.profiles import Profile
    from sweeps.tuner import RaySession

EVERYWHERE = ("ray.tune", "torch")
# they look for CUDA devices, and a process that has looked keeps what it saw: Ray gives it one of them only later
WITHOUT_CUDA = ("accelerate", "peft")


class EarlyRay:
    """`begin` starts it in the background, at the latest `session` does; `end`, or the end of the block, ends it."""

    def __init__(self, profile: Profile, *, trials: int, trials_per_worker: int) -> None:
        self.profile, self.preloaded = profile, worth_loading(profile, trials, trials_per_worker)
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
        from sweeps.tuner import ray_session

        return self._stack.enter_context(ray_session(self.profile, preloaded=self.preloaded))

    def end(self) -> None:
        """Once nothing is trained any more; waits for a Ray that is half started, which cannot be ended."""
        self._thread.shutdown(wait=True)
        self._stack.close()

    def __enter__(self) -> EarlyRay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()


def worth_loading(profile: Profile, trials: int, trials_per_worker: int) -> tuple[str, ...]:
    """Libraries that every process of this Ray will import at its start, for `trials` in all.

    No module of this project: there may be several versions of it on a machine, and a process that nobody has claimed
    cannot know whose it will be. Nothing where trials are light proxies, or fewer than the processes that Ray starts.
    """
    if trials_per_worker > 1 or trials < profile.concurrency:
        return ()
    return EVERYWHERE if profile.device == "cuda" else EVERYWHERE + WITHOUT_CUDA
