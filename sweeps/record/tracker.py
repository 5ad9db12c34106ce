"""The only writer of MLflow: one parent run a sweep (here), one child run a training (`run_records.py`).

A killed driver loses what was under way: runs are therefore found again by their tags, never by a remembered id.
Nothing of the environment is recorded but what `sweeps.machine.provenance` chose.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from analysis.record.reader import all_pages
from sweeps.record.child_runs import TAG_CHARACTERS, RunRecords, as_text
from sweeps.record.known_runs import allowed_name
from sweeps.record.store import (
    ARTIFACTS,
    artifact_location,
    comparison_link,
    default_uri,
    find_experiment,
    ui_address,
    ui_command,
)
from sweeps.stage.holds import Overseer
from sweeps.state.workspace import file_name
from trainables.errors import SweepFailed
from trainables.records import (
    NO_FOLD,
    ROLE_SWEEP,
    TAG_CONTROL,
    TAG_FINALISTS,
    TAG_LOOK,
    TAG_LOOKS,
    TAG_MINIATURE,
    TAG_REASON,
    TAG_ROLE,
    TAG_SESSIONS,
    TAG_STATUS,
    TAG_SWEEP_ID,
    of_look,
)
from trainables.redact import redacted

__all__ = ["Tracker", "default_uri"]


class Tracker(RunRecords):
    """Writes one sweep. Not for several processes: the driver holds the only one."""

    def __init__(self, uri: str, results: Path, experiment: str, *, miniature: bool) -> None:
        """Connects, and makes the store's tables where they are missing.

        Raises InputError where the store cannot be reached or written.
        """
        super().__init__(uri, miniature=miniature)
        self.uri = uri
        self._steered: list[dict[str, Any]] = []
        with self._clock():
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
            tags = {TAG_SWEEP_ID: sweep_id, TAG_ROLE: ROLE_SWEEP, TAG_MINIATURE: as_text(self.miniature)}
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
                    RunTag(f"provenance.{allowed_name(k)}", as_text(v)[:TAG_CHARACTERS]) for k, v in provenance.items()
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


def _plain(value: Any) -> Any:
    return redacted(value) if isinstance(value, str) else value
