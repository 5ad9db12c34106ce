"""Ray, started while the driver still connects to MLflow and prepares its data.

Its first processes cannot import torch meanwhile, though Ray could have them do it (RAY_preload_python_modules): Tune
gives its trials a runtime environment, and a process that was started without one is never theirs.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweeps.machine.profile import Profile
    from sweeps.stage.run import RaySession


class EarlyRay:
    """`begin` starts it in the background, at the latest `session` does; `end`, or the end of the block, ends it."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
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
        from sweeps.stage.run import ray_session

        return self._stack.enter_context(ray_session(self.profile))

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
