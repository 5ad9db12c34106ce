"""Waits for a record that does not answer for a while: a server that is restarted, a database that another has locked.

Every call of the client is tried again until it is taken or patience is at an end; then the sweep stops in good order,
and the next session writes what the journal has and the record lacks. A call may have been taken although its answer
was lost: what is made anew is looked for before it is made again. Loads no mlflow.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

from trainables.errors import SweepStopped
from trainables.records import TAG_MADE
from trainables.redact import redacted

PATIENCE_SECONDS = 600.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 15.0
AWAY = (
    "failed with exception",  # MLflow's words where there was no answer, or none in time
    "failed with timeout exception",
    "failed with error code 50",  # 500 to 504: a server that is starting, or a proxy before it
    "too many 50",
    "TEMPORARILY_UNAVAILABLE",
    "database is locked",
)


def is_away(error: Exception) -> bool:
    """Whether the same call may be taken later, as it is."""
    return isinstance(error, ConnectionError | TimeoutError) or any(words in str(error) for words in AWAY)


class Patient:
    """A client, every method of which waits until the record answers. Raises SweepStopped when it has waited for
    `patience_seconds` in one call, and from then on at once; `gave_up` says why."""

    def __init__(self, client: Any, patience_seconds: float = PATIENCE_SECONDS) -> None:
        # MLflow's own seven tries take two minutes, in which nobody can interrupt it
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        self._client = client
        self.patience_seconds = patience_seconds
        self.gave_up = ""

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        return partial(self._call, method) if callable(method) else method

    def create_run(self, experiment_id: str, *, tags: Mapping[str, str], **facts: Any) -> Any:
        """As the client's; a run that a lost answer hides is found by the tag that it alone has."""
        key = uuid4().hex
        tried = False

        def make() -> Any:
            nonlocal tried
            if tried and (made := self._client.search_runs([experiment_id], f"tags.`{TAG_MADE}` = '{key}'")):
                return made[0]
            tried = True
            return self._client.create_run(experiment_id, tags={**tags, TAG_MADE: key}, **facts)

        return self._call(make)

    def create_experiment(self, name: str, **facts: Any) -> str:
        """As the client's, likewise."""
        tried = False

        def make() -> str:
            nonlocal tried
            if tried and (made := self._client.get_experiment_by_name(name)):
                return str(made.experiment_id)
            tried = True
            return str(self._client.create_experiment(name, **facts))

        return str(self._call(make))

    def delete_run(self, run_id: str) -> None:
        """As the client's, likewise."""
        tried = False

        def delete() -> None:
            nonlocal tried
            if not (tried and self._client.get_run(run_id).info.lifecycle_stage == "deleted"):
                tried = True
                self._client.delete_run(run_id)

        self._call(delete)

    def _call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        began, wait_seconds = time.monotonic(), FIRST_WAIT_SECONDS
        while not self.gave_up:
            try:
                return method(*args, **kwargs)
            except Exception as error:
                if not is_away(error):
                    raise
                if time.monotonic() - began >= self.patience_seconds:
                    self.gave_up = (
                        f"MLflow has not answered for {self.patience_seconds:.0f} seconds ({_first_line(error)}); "
                        "start its server again; what it lacks is written when the sweep goes on"
                    )
                    raise SweepStopped(self.gave_up) from error
            # short enough that an end of all patience is noticed
            time.sleep(min(wait_seconds, max(0.0, began + self.patience_seconds - time.monotonic())))
            wait_seconds = min(2 * wait_seconds, LONGEST_WAIT_SECONDS)
        raise SweepStopped(self.gave_up)


def _first_line(error: Exception) -> str:
    return redacted((str(error).strip().splitlines() or [type(error).__name__])[0])[:200]
