"""Writes to the runs of a store, parent and child alike: params, metrics, files, tags, the end.

What nobody waits for is written in the background, a batch at a time; steps that are already logged are skipped.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeps.record.background import BackgroundWriter, BegunRuns, Run, Stopwatch
from trainables.records import TAG_REASON, TAG_STATUS, allowed_name
from trainables.redact import redacted

PARAM_CHARACTERS = 6000  # MLflow's limit for a value
TAG_CHARACTERS = 5000
BATCH_SIZE = 1000  # MLflow's limit for metrics in one call
PARAMS_SIZE = 100  # MLflow's limit for params in one call


class RunWriter:
    """Of one store, in one process."""

    def __init__(self, client: Any, waited: Stopwatch) -> None:
        """`waited` takes the time in which the sweep waits for its record; `background.seconds` goes by beside it."""
        self.client, self.waited = client, waited
        self.background = BackgroundWriter()
        self._runs = BegunRuns(client, self.background)
        self._logged: dict[Run, set[tuple[str, int]]] = {}  # (metric, step) that are written or under way

    def begin(self, experiment_id: str, tags: Mapping[str, str], run_name: str) -> Run:
        """A new run, made in the background."""
        run = self._runs.begin(experiment_id, tags, run_name)
        self._logged[run] = set()
        return run

    def id_of(self, run: Run) -> str:
        """MLflow's id, waited for. Raises SweepFailed where the store does not take the run."""
        with self.waited:
            return self._runs.id_of(run)

    def log_epoch(self, run: Run, epoch: int, metrics: Mapping[str, float]) -> None:
        """Hands an epoch's metrics over and returns; what the run already has at this epoch is skipped."""
        from mlflow.entities import Metric

        with self.waited:
            logged = self._logged_of(run)
            new = {name: value for name, value in metrics.items() if (allowed_name(name), epoch) not in logged}
            now = int(time.time() * 1000)
            entries = [Metric(allowed_name(name), float(value), now, epoch) for name, value in new.items()]
            logged.update((allowed_name(name), epoch) for name in new)
            for start in range(0, len(entries), BATCH_SIZE):
                self._runs.write(self.client.log_batch, run, metrics=entries[start : start + BATCH_SIZE])

    def log_artifacts(self, run: Run, folder: Path, parts: Sequence[str] = ("predictions", "adapter")) -> None:
        """Copies these sub-folders of `folder` to the run; those that are missing are passed over."""
        with self.waited:
            for part in parts:
                if (folder / part).is_dir():
                    self._runs.write(self.client.log_artifacts, run, str(folder / part), artifact_path=part)

    def log_params(self, run: Run, params: Mapping[str, Any], known: Mapping[str, str]) -> None:
        """Params cannot be changed once written, so those that a run has (`known`) are left alone."""
        from mlflow.entities import Param

        named = {allowed_name(name): as_text(value)[:PARAM_CHARACTERS] for name, value in params.items()}
        new = [Param(name, value) for name, value in named.items() if name not in known]
        for start in range(0, len(new), PARAMS_SIZE):
            self._runs.write(self.client.log_batch, run, params=new[start : start + PARAMS_SIZE])

    def describe_data(self, run: Run, dataset: tuple[str, str] | None) -> None:
        """`dataset` is a name and a fingerprint."""
        from mlflow.entities import Dataset, DatasetInput

        if dataset is not None:
            name, digest = dataset
            shown = Dataset(name=name, digest=digest[:36], source_type="code", source=json.dumps({"name": name}))
            self._runs.write(self.client.log_inputs, run, datasets=[DatasetInput(shown, tags=[])])

    def tag(self, run: Run, tag: str, value: str) -> None:
        with self.waited:
            self._runs.write(self.client.set_tag, run, tag, redacted(value)[:TAG_CHARACTERS])

    def end(self, run: Run, status: str, reason: str | None = None) -> None:
        """`status`: completed | pruned | stopped | failed, of a sweep also interrupted."""
        with self.waited:
            self._runs.write(self.client.set_tag, run, TAG_STATUS, status)
            if reason:
                self._runs.write(self.client.set_tag, run, TAG_REASON, redacted(reason)[:TAG_CHARACTERS])
            state = {"failed": "FAILED", "interrupted": "KILLED"}.get(status, "FINISHED")
            self._runs.write(self.client.set_terminated, run, state, int(time.time() * 1000))

    def reopen(self, run: Run, found: Any) -> None:
        """A run that was over, or cut off, is running again; `found` is what the store has of it."""
        run_id = self._runs.id_of(run)
        self.client.update_run(run_id, status="RUNNING")
        for tag in {TAG_STATUS, TAG_REASON} & set(found.data.tags):
            self.client.delete_tag(run_id, tag)

    def flush(self) -> None:
        """Returns when everything logged so far is in the store. Raises SweepFailed where it does not take it."""
        with self.waited:
            self.background.flush()

    def _logged_of(self, run: Run) -> set[tuple[str, int]]:
        if run not in self._logged:
            run_id = self._runs.id_of(run)
            metrics = self.client.get_run(run_id).data.metrics
            histories = [self.client.get_metric_history(run_id, name) for name in metrics]
            self._logged[run] = {(value.key, value.step) for history in histories for value in history}
        return self._logged[run]


def as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else redacted(str(value))
