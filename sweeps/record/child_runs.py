"""The child runs of a sweep in MLflow: one a training, begun, written and closed.

What nobody waits for is written in the background, a batch at a time; steps that are already logged are skipped.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from analysis.record.reader import connect
from sweeps.record.background import BackgroundWriter
from sweeps.record.begun_runs import BegunRuns
from sweeps.record.known_runs import KnownRuns, allowed_name, run_name
from sweeps.record.retry import Patient
from sweeps.state.workspace import CONFIRM
from trainables.records import (
    TAG_CONFIG_ID,
    TAG_FOLD,
    TAG_LOOK,
    TAG_MINIATURE,
    TAG_PARENT,
    TAG_REASON,
    TAG_ROLE,
    TAG_SEED,
    TAG_STAGE,
    TAG_STATUS,
    TAG_SWEEP_ID,
    TAG_TRIAL_ID,
)
from trainables.redact import redacted

PARAM_CHARACTERS = 6000  # MLflow's limit for a value
TAG_CHARACTERS = 5000
BATCH_SIZE = 1000  # MLflow's limit for metrics in one call


class RunRecords:
    """Of one sweep, in one process."""

    def __init__(self, uri: str, *, miniature: bool) -> None:
        """Connects; raises InputError where the store cannot be reached or written."""
        self.seconds = 0.0  # that the sweep waited for its record; `writer.seconds` went by in the background
        self.writer = BackgroundWriter()
        self.miniature = miniature
        self.experiment_id = self.sweep_id = self.parent_id = ""
        self.look = 1
        self._depth = 0
        self._known = KnownRuns()
        self._logged: dict[str, set[tuple[str, int]]] = {}  # run -> (metric, step) that are written or under way
        self._dataset: tuple[str, str] | None = None
        with self._clock():
            self._client = Patient(connect(uri))
            self._runs = BegunRuns(self._client, self.writer)

    def open_run(
        self,
        stage: str,
        role: str,
        config_id: str,
        trial_id: str,
        seed: int | str,
        fold: str,
        params: Mapping[str, Any],
    ) -> str:
        """The run of this training, made where there is none (`KnownRuns.find` has the rule); returns its run id."""
        run = self.begin_run(stage, role, config_id, trial_id, seed, fold, params)
        run_id = self.run_id(run)
        self._known.rename(run, run_id)
        if run in self._logged:
            self._logged[run_id] = self._logged.pop(run)
        return run_id

    def begin_run(
        self,
        stage: str,
        role: str,
        config_id: str,
        trial_id: str,
        seed: int | str,
        fold: str,
        params: Mapping[str, Any],
    ) -> str:
        """As `open_run`, but a new run is made in the background: returns what stands for its id in every call of this
        tracker."""
        with self._clock():
            tags = {
                TAG_SWEEP_ID: self.sweep_id,
                TAG_PARENT: self.parent_id,
                TAG_STAGE: stage,
                TAG_ROLE: role,
                TAG_CONFIG_ID: config_id,
                TAG_TRIAL_ID: trial_id,
                TAG_SEED: str(seed),
                TAG_FOLD: fold,
                TAG_MINIATURE: as_text(self.miniature),
                **self._look_tag(stage),
            }
            known = self._known.find(tags)
            if known is not None:
                if not known.in_use:
                    self._take_up(known.run_id, trial_id, params)
                known.trial_id, known.in_use = trial_id, True
                return known.run_id
            run = self._runs.begin(self.experiment_id, tags, run_name(role, trial_id, seed, fold, params))
            self._known.remember(run, tags, in_use=True)
            self._logged[run] = set()
            self._log_params(run, params, known={})
            self._describe_data(run)
            return run

    def run_id(self, run: str) -> str:
        """MLflow's id of a run that `begin_run` has named."""
        with self._clock():
            return self._runs.id_of(run)

    def closed_run(
        self, stage: str, config_id: str, trial_id: str, seed: int | str, fold: str, status: str
    ) -> str | None:
        """The run of this trial if the record has it, over and with this status. What was handed over before a run was
        closed is in the store when the closing is: writes keep their order."""
        return self._known.closed(
            {
                TAG_STAGE: stage,
                TAG_CONFIG_ID: config_id,
                TAG_TRIAL_ID: trial_id,
                TAG_SEED: str(seed),
                TAG_FOLD: fold,
                TAG_STATUS: status,
                **self._look_tag(stage),
            }
        )

    def log_epoch(self, run_id: str, epoch: int, metrics: Mapping[str, float]) -> None:
        """Hands an epoch's metrics to the queue and returns; what the run already has at this epoch is skipped."""
        from mlflow.entities import Metric

        with self._clock():
            logged = self._logged_of(run_id)
            new = {name: value for name, value in metrics.items() if (allowed_name(name), epoch) not in logged}
            now = int(time.time() * 1000)
            entries = [Metric(allowed_name(name), float(value), now, epoch) for name, value in new.items()]
            logged.update((allowed_name(name), epoch) for name in new)
            for start in range(0, len(entries), BATCH_SIZE):
                self._runs.write(self._client.log_batch, run_id, metrics=entries[start : start + BATCH_SIZE])

    def log_artifacts(self, run_id: str, folder: Path, parts: Sequence[str] = ("predictions", "adapter")) -> None:
        """Copies these sub-folders of `folder` to the run; those that are missing are passed over."""
        with self._clock():
            for part in parts:
                if (folder / part).is_dir():
                    self._runs.write(self._client.log_artifacts, run_id, str(folder / part), artifact_path=part)

    def tag_run(self, run_id: str, tag: str, value: str) -> None:
        with self._clock():
            self._runs.write(self._client.set_tag, run_id, tag, redacted(value)[:TAG_CHARACTERS])

    def close_run(self, run_id: str, status: str, reason: str | None = None) -> None:
        """`status`: completed | pruned | failed, of a sweep also interrupted."""
        with self._clock():
            self._runs.write(self._client.set_tag, run_id, TAG_STATUS, status)
            if reason:
                self._runs.write(self._client.set_tag, run_id, TAG_REASON, redacted(reason)[:TAG_CHARACTERS])
            state = {"failed": "FAILED", "interrupted": "KILLED"}.get(status, "FINISHED")
            self._runs.write(self._client.set_terminated, run_id, state, int(time.time() * 1000))
            self._known.close(run_id, status)

    def flush(self) -> None:
        """Returns when everything logged so far is in the store. Raises SweepFailed where it does not take it."""
        with self._clock():
            self.writer.flush()

    @contextmanager
    def _clock(self) -> Iterator[None]:
        """Adds the time of the outermost call to `seconds`."""
        started = time.perf_counter()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                self.seconds += time.perf_counter() - started

    def _look_tag(self, stage: str) -> dict[str, str]:
        return {TAG_LOOK: str(self.look)} if stage == CONFIRM else {}

    def _take_up(self, run: str, trial_id: str, params: Mapping[str, Any]) -> None:
        self.writer.flush()
        run_id = self._runs.id_of(run)
        found = self._client.get_run(run_id)
        self._client.update_run(run_id, status="RUNNING")
        self._client.set_tag(run_id, TAG_TRIAL_ID, trial_id)
        for tag in {TAG_STATUS, TAG_REASON} & set(found.data.tags):
            self._client.delete_tag(run_id, tag)
        self._log_params(run, params, known=found.data.params)

    def _logged_of(self, run_id: str) -> set[tuple[str, int]]:
        if run_id not in self._logged:
            run = self._client.get_run(run_id)
            histories = [self._client.get_metric_history(run_id, name) for name in run.data.metrics]
            self._logged[run_id] = {(value.key, value.step) for history in histories for value in history}
        return self._logged[run_id]

    def _log_params(self, run_id: str, params: Mapping[str, Any], known: Mapping[str, str]) -> None:
        """Params cannot be changed once written, so those that a run has are left alone."""
        from mlflow.entities import Param

        named = {allowed_name(name): as_text(value)[:PARAM_CHARACTERS] for name, value in params.items()}
        new = [Param(name, value) for name, value in named.items() if name not in known]
        for start in range(0, len(new), 100):  # MLflow's limit for params in one call
            self._runs.write(self._client.log_batch, run_id, params=new[start : start + 100])

    def _describe_data(self, run_id: str) -> None:
        from mlflow.entities import Dataset, DatasetInput

        if self._dataset is not None:
            name, digest = self._dataset
            dataset = Dataset(name=name, digest=digest[:36], source_type="code", source=json.dumps({"name": name}))
            self._runs.write(self._client.log_inputs, run_id, datasets=[DatasetInput(dataset, tags=[])])


def as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else redacted(str(value))
