"""The only writer of MLflow: one parent run a sweep, one child run a training.

What nobody waits for (metrics, params, the end of a run) is written in the background, a batch at a time. A killed
driver loses what was under way: runs are therefore found again by their tags, never by a remembered id, and steps that
are already logged are skipped. Nothing of the environment is recorded but what `sweeps.provenance` chose.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from analysis.runs import all_pages, connect
from sweeps.begun_runs import BegunRuns
from sweeps.job import CONFIRM
from sweeps.known_runs import KnownRuns, allowed_name, run_name
from sweeps.names import file_name
from sweeps.orders import Overseer
from sweeps.patience import Patient
from sweeps.store import (
    ARTIFACTS,
    artifact_location,
    comparison_link,
    default_uri,
    find_experiment,
    ui_address,
    ui_command,
)
from sweeps.writer import BackgroundWriter
from trainables.errors import SweepFailed
from trainables.records import (
    NO_FOLD,
    ROLE_SWEEP,
    TAG_CONFIG_ID,
    TAG_CONTROL,
    TAG_FINALISTS,
    TAG_FOLD,
    TAG_LOOK,
    TAG_LOOKS,
    TAG_MINIATURE,
    TAG_PARENT,
    TAG_REASON,
    TAG_ROLE,
    TAG_SEED,
    TAG_SESSIONS,
    TAG_STAGE,
    TAG_STATUS,
    TAG_SWEEP_ID,
    TAG_TRIAL_ID,
    of_look,
)
from trainables.redact import redacted

__all__ = ["Tracker", "default_uri"]

PARAM_CHARACTERS = 6000  # MLflow's limit for a value
TAG_CHARACTERS = 5000
BATCH_SIZE = 1000  # MLflow's limit for metrics in one call


class Tracker:
    """Writes one sweep. Not for several processes: the driver holds the only one."""

    def __init__(self, uri: str, results: Path, experiment: str, *, miniature: bool) -> None:
        """Connects, and makes the store's tables where they are missing.

        Raises InputError where the store cannot be reached or written.
        """
        self.seconds = 0.0  # that the sweep waited for its record; `writer.seconds` went by in the background
        self.writer = BackgroundWriter()
        self._depth = 0
        self.uri, self.miniature = uri, miniature
        self.sweep_id = self.parent_id = ""
        self.look = 1
        self._known = KnownRuns()
        self._logged: dict[str, set[tuple[str, int]]] = {}  # run -> (metric, step) that are written or under way
        self._dataset: tuple[str, str] | None = None
        self._steered: list[dict[str, Any]] = []
        with self._clock():
            self._client = Patient(connect(uri))
            self._runs = BegunRuns(self._client, self.writer)
            location = artifact_location(uri, results)
            self.experiment_id = find_experiment(self._client, experiment, location)
        self._artifacts = None if location is None else results.absolute() / ARTIFACTS

    # The sweep

    def start_sweep(
        self,
        sweep_id: str,
        yaml_text: str,
        provenance: Mapping[str, Any],
        params: Mapping[str, Any],
        *,
        dataset: tuple[str, str] | None = None,
        look: int = 1,
    ) -> str:
        """Makes the parent run, or takes up the one that a killed sweep left; returns its run id.

        `dataset` is a name and a fingerprint, shown beside every run. `look` is the one at the test data that stage 2
        will be. The first session's provenance stays the sweep's; later ones leave theirs beside it.
        """
        from mlflow.entities import RunTag

        with self._clock():
            self.sweep_id, self.look = sweep_id, look
            self._dataset = dataset
            tags = {TAG_SWEEP_ID: sweep_id, TAG_ROLE: ROLE_SWEEP, TAG_MINIATURE: _text(self.miniature)}
            of_this_sweep = f"tags.`{TAG_SWEEP_ID}` = '{sweep_id}'"
            recorded = all_pages(self._client.search_runs, [self.experiment_id], of_this_sweep)
            parent = next((run for run in recorded if run.data.tags.get(TAG_ROLE) == ROLE_SWEEP), None)
            if parent is None:
                parent = self._client.create_run(self.experiment_id, tags=tags, run_name=sweep_id)
                self._describe_data(parent.info.run_id)
            else:
                self._client.update_run(parent.info.run_id, status="RUNNING")
                for tag in {TAG_STATUS, TAG_REASON} & set(parent.data.tags):
                    self._client.delete_tag(parent.info.run_id, tag)
            self.parent_id = parent.info.run_id
            self._steered = json.loads(parent.data.tags.get(TAG_CONTROL, "[]"))
            for run in recorded:
                if run.data.tags.get(TAG_ROLE) != ROLE_SWEEP:
                    self._known.remember(run.info.run_id, run.data.tags, in_use=False)
            self._log_params(self.parent_id, params, known=parent.data.params)
            self._client.log_text(self.parent_id, redacted(yaml_text), of_look("sweep.yaml", look))
            session = int(parent.data.tags.get(TAG_SESSIONS, "0")) + 1
            file, facts = f"provenance-{session}.json", [RunTag(TAG_SESSIONS, str(session))]
            if session == 1:
                file = "provenance.json"
                facts += [
                    RunTag(f"provenance.{allowed_name(k)}", _text(v)[:TAG_CHARACTERS]) for k, v in provenance.items()
                ]
            self._client.log_dict(self.parent_id, {k: _plain(v) for k, v in provenance.items()}, file)
            self._client.log_batch(self.parent_id, tags=facts)
            return self.parent_id

    def log_file(self, path: Path) -> None:
        """Copies a file to the parent run."""
        with self._clock():
            self._client.log_artifact(self.parent_id, str(path))

    def log_finalists(self, finalists: Sequence[Mapping[str, Any]], *, fold: str = NO_FOLD) -> None:
        """Fixes the finalists (of an outer fold), each with at least its `config_id`, before stage 2 starts.

        Raises SweepFailed where others were fixed before: what was tested may not be chosen again.
        """
        with self._clock():
            ids = json.dumps([finalist["config_id"] for finalist in finalists])
            tag, file = (
                (TAG_FINALISTS, "finalists.json")
                if fold == NO_FOLD
                else (f"{TAG_FINALISTS}.{allowed_name(fold)}", f"finalists-{file_name(fold)}.json")
            )
            tag, file = of_look(tag, self.look), of_look(file, self.look)
            before = self._client.get_run(self.parent_id).data.tags.get(tag)
            if before not in (None, ids):
                raise SweepFailed(f"sweep {self.sweep_id} had fixed the finalists {before}, and now would take {ids}")
            self._client.log_dict(self.parent_id, {"finalists": list(map(dict, finalists))}, file)
            self._client.set_tag(self.parent_id, tag, ids)

    def log_looks(self, seeds: Sequence[Sequence[int]]) -> None:
        """Writes the confirm seeds of every look at the test data so far, this one included."""
        with self._clock():
            self._client.set_tag(self.parent_id, TAG_LOOKS, json.dumps([list(look) for look in seeds]))

    def drop_unclaimed(self) -> int:
        """Deletes runs that the journal does not know, and returns how many there were.

        A file system that lost the end of a journal takes trials back that have a run already; where they are proposed
        again these are taken up, and what is left over here was trained by nobody.
        """
        with self._clock():
            self.flush()
            left_over = self._known.unclaimed(str(self.look))
            for run_id in left_over:
                self._client.delete_run(self._runs.id_of(run_id))
            return len(left_over)

    def note_control(self, command: str, said: str, asked_seconds: float) -> None:
        """Adds what a person did to a running sweep to the parent's tag, the latest where there is no more room."""
        with self._clock():
            self._steered.append({"time": round(asked_seconds), "command": command, "said": redacted(said)})
            text = json.dumps(self._steered)
            while len(text) > TAG_CHARACTERS:
                self._steered.pop(0)
                text = json.dumps(self._steered)
            self.writer.write(self._client.set_tag, self.parent_id, TAG_CONTROL, text)

    def finish_sweep(
        self,
        status: str = "completed",
        *,
        reason: str | None = None,
        verdict: Mapping[str, Any] | None = None,
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Closes the parent run with the verdict (`Verdict.as_dict()`), its sentence as the run's description.

        After a failure nothing is raised: that failure is what must be heard.
        """
        if status != "completed":
            self._client.patience_seconds = 0.0
        with self._clock(), suppress(*([] if status == "completed" else [Exception])):
            if verdict is not None:
                self._client.log_dict(self.parent_id, dict(verdict), of_look("verdict.json", self.look))
                self._client.set_tag(self.parent_id, "mlflow.note.content", str(verdict.get("sentence", "")))
                self._client.set_tag(self.parent_id, TAG_LOOK, str(self.look))
            if status == "completed":  # a session that goes on later has not come to its figures
                tracking = {"tracking/seconds": self.seconds, "tracking/background_seconds": self.writer.seconds}
                self.log_epoch(self.parent_id, self.look - 1, {**(metrics or {}), **tracking})
            self.close_run(self.parent_id, status, reason)
            self.flush()

    # A run

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
                TAG_MINIATURE: _text(self.miniature),
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

    @property
    def overseer(self) -> Overseer:
        """Ends the sweep where the record has been away for too long."""
        return self._client

    def artifact_folders(self) -> list[Path]:
        """Where the artifacts of this sweep's runs are, if they are files of this machine."""
        if self._artifacts is None:
            return []
        made = (self._runs.id_if_made(run) for run in (self.parent_id, *self._known.run_ids))
        return [self._artifacts / run_id for run_id in made if run_id is not None]

    # For the person who reads it

    def ui_command(self) -> str | None:
        """The command that shows the record in a browser; None where a server does already (see `ui_address`)."""
        return ui_command(self.uri)

    def link_to_comparison(self, run_ids: Sequence[str], base_url: str | None = None) -> str:
        """Opens these runs side by side in MLflow's pages, at `base_url` or where `ui_command` serves them."""
        return comparison_link(base_url or ui_address(self.uri), self.experiment_id, run_ids)

    # Inside

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

        named = {allowed_name(name): _text(value)[:PARAM_CHARACTERS] for name, value in params.items()}
        new = [Param(name, value) for name, value in named.items() if name not in known]
        for start in range(0, len(new), 100):  # MLflow's limit for params in one call
            self._runs.write(self._client.log_batch, run_id, params=new[start : start + 100])

    def _describe_data(self, run_id: str) -> None:
        from mlflow.entities import Dataset, DatasetInput

        if self._dataset is not None:
            name, digest = self._dataset
            dataset = Dataset(name=name, digest=digest[:36], source_type="code", source=json.dumps({"name": name}))
            self._runs.write(self._client.log_inputs, run_id, datasets=[DatasetInput(dataset, tags=[])])


def _plain(value: Any) -> Any:
    return redacted(value) if isinstance(value, str) else value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else redacted(str(value))
