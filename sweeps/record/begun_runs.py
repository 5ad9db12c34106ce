"""Runs that are made in the background: known by a name at once, by MLflow's id as soon as the store has them. Loads
no mlflow.

MLflow takes 40 ms to make a run. Whoever waited for that with a trial's first result would keep a worker waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from sweeps.record.background import BackgroundWriter


class BegunRuns:
    """A run is named by what `begin` returned, or by MLflow's id where it was there before."""

    def __init__(self, client: Any, writer: BackgroundWriter) -> None:
        self._client, self._writer = client, writer
        self._ids: dict[str, str | None] = {}  # name -> MLflow's id; None: not yet

    def begin(self, experiment_id: str, tags: Mapping[str, str], run_name: str) -> str:
        """Has a run made, and returns its name."""
        name = f"begun-{len(self._ids)}"
        self._ids[name] = None
        began_ms = int(time.time() * 1000)  # not when it comes to be made, which may be after its end
        self._writer.write(self._make, name, experiment_id, began_ms, dict(tags), run_name)
        return name

    def write(self, method: Callable[..., object], run: str, *args: object, **kwargs: object) -> None:
        """Hands over a call of the client, whose first argument is a run: by the time it is made there is one."""
        self._writer.write(lambda: method(self._id(run), *args, **kwargs))

    def id_if_made(self, run: str) -> str | None:
        """MLflow's id if there is one by now."""
        return self._ids.get(run, run)

    def id_of(self, run: str) -> str:
        """MLflow's id, waited for. Raises what `BackgroundWriter.flush` raises."""
        if self.id_if_made(run) is None:
            self._writer.flush()
        return self._id(run)

    def _make(self, name: str, experiment_id: str, began_ms: int, tags: dict[str, str], run_name: str) -> None:
        if self._ids[name] is None:
            made = self._client.create_run(experiment_id, start_time=began_ms, tags=tags, run_name=run_name)
            self._ids[name] = made.info.run_id

    def _id(self, run: str) -> str:
        found = self.id_if_made(run)
        if found is None:
            raise RuntimeError(f"the run {run} has not been made yet")
        return found
