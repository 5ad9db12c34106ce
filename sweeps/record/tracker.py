"""The only writer of MLflow: one parent run a sweep (here), one child run a training (`child_runs.py`).

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
from analysis.record.store import connect
from sweeps.record.background import Run, Stopwatch
from sweeps.record.child_runs import ChildRuns, SweepRun
from sweeps.record.retry import Patient
from sweeps.record.run_writer import TAG_CHARACTERS, RunWriter, as_text
from sweeps.record.store import (
    ARTIFACTS,
    artifact_location,
    find_experiment,
    ui_address,
    ui_command,
)
from sweeps.record.sweep_view import SweepView
from sweeps.record.verdict_note import verdict_note
from sweeps.state.workspace import file_name
from trainables.errors import SweepFailed
from trainables.records import (
    NO_FOLD,
    ROLE_SWEEP,
    TAG_CONTROL,
    TAG_DECISIONS,
    TAG_FINALISTS,
    TAG_INTERIM,
    TAG_LOOK,
    TAG_LOOKS,
    TAG_MINIATURE,
    TAG_ROLE,
    TAG_SESSIONS,
    TAG_SWEEP_ID,
    allowed_name,
    of_look,
)
from trainables.redact import redacted


class Tracker:
    """Writes one sweep. Not for several processes: the driver holds the only one."""

    def __init__(self, uri: str, results: Path, experiment: str, *, miniature: bool) -> None:
        """Connects, and makes the store's tables where they are missing.

        Raises InputError where the store cannot be reached or written.
        """
        self.uri, self.miniature = uri, miniature
        location = artifact_location(uri, results)
        self._artifacts = None if location is None else results.absolute() / ARTIFACTS
        self._steered: list[dict[str, Any]] = []
        self.view_link = ""  # to this sweep in MLflow's pages, where `ui_command` serves them; from `share_view` on
        self._sweep: SweepRun | None = None
        self._runs: ChildRuns | None = None
        waited = Stopwatch()
        with waited:
            self._client = Patient(connect(uri))
            self.writer = RunWriter(self._client, waited)
            self.experiment_id = find_experiment(self._client, experiment, location)

    # The sweep

    @property
    def sweep(self) -> SweepRun:
        """From `start_sweep` on."""
        if self._sweep is None:
            raise RuntimeError("start_sweep comes first")
        return self._sweep

    @property
    def runs(self) -> ChildRuns:
        """From `start_sweep` on."""
        if self._runs is None:
            raise RuntimeError("start_sweep comes first")
        return self._runs

    @property
    def parent_id(self) -> str:
        """MLflow's id of the sweep's own run."""
        return self.writer.id_of(self.sweep.run)

    @property
    def seconds(self) -> float:
        """How long the sweep has waited for its record."""
        return self.writer.waited.seconds

    @property
    def gave_up(self) -> str:
        """Why nothing can be recorded any more; empty where it can."""
        return self._client.gave_up

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
        with self.writer.waited:
            tags = {TAG_SWEEP_ID: sweep_id, TAG_ROLE: ROLE_SWEEP, TAG_MINIATURE: as_text(self.miniature)}
            of_this_sweep = f"tags.`{TAG_SWEEP_ID}` = '{sweep_id}'"
            recorded = all_pages(self._client.search_runs, [self.experiment_id], of_this_sweep)
            parent = next((run for run in recorded if run.data.tags.get(TAG_ROLE) == ROLE_SWEEP), None)
            if new := parent is None:
                parent = self._client.create_run(self.experiment_id, tags=tags, run_name=sweep_id)
            run = Run(parent.info.run_id)
            self._sweep = SweepRun(self.experiment_id, sweep_id, run, look, self.miniature, dataset)
            children = [run for run in recorded if run.data.tags.get(TAG_ROLE) != ROLE_SWEEP]
            self._runs = ChildRuns(self.writer, self._sweep, children)
            if new:
                self.writer.describe_data(run, dataset)
            else:
                self.writer.reopen(run, parent)
            self._steered = json.loads(parent.data.tags.get(TAG_CONTROL, "[]"))
            self.writer.log_params(run, params, known=parent.data.params)
            self._client.log_text(self.parent_id, redacted(yaml_text), of_look("sweep.yaml", look))
            self._log_provenance(provenance, session=int(parent.data.tags.get(TAG_SESSIONS, "0")) + 1)
            return self.parent_id

    def _log_provenance(self, provenance: Mapping[str, Any], session: int) -> None:
        from mlflow.entities import RunTag

        file, facts = f"provenance-{session}.json", [RunTag(TAG_SESSIONS, str(session))]
        if session == 1:
            file = "provenance.json"
            facts += [
                RunTag(f"provenance.{allowed_name(k)}", as_text(v)[:TAG_CHARACTERS]) for k, v in provenance.items()
            ]
        self._client.log_dict(self.parent_id, {k: _plain(v) for k, v in provenance.items()}, file)
        self._client.log_batch(self.parent_id, tags=facts)

    def log_file(self, path: Path) -> None:
        """Copies a file to the parent run."""
        with self.writer.waited:
            self._client.log_artifact(self.parent_id, str(path))

    def log_finalists(self, finalists: Sequence[Mapping[str, Any]], *, fold: str = NO_FOLD) -> None:
        """Fixes the finalists (of an outer fold), each with at least its `config_id`, before stage 2 starts.

        Raises SweepFailed where others were fixed before: what was tested may not be chosen again.
        """
        with self.writer.waited:
            ids = json.dumps([finalist["config_id"] for finalist in finalists])
            tag, file = (
                (TAG_FINALISTS, "finalists.json")
                if fold == NO_FOLD
                else (f"{TAG_FINALISTS}.{allowed_name(fold)}", f"finalists-{file_name(fold)}.json")
            )
            tag, file = of_look(tag, self.sweep.look), of_look(file, self.sweep.look)
            before = self._client.get_run(self.parent_id).data.tags.get(tag)
            if before not in (None, ids):
                raise SweepFailed(
                    f"sweep {self.sweep.sweep_id} had fixed the finalists {before}, and now would take {ids}"
                )
            self._client.log_dict(self.parent_id, {"finalists": list(map(dict, finalists))}, file)
            self._client.set_tag(self.parent_id, tag, ids)

    def log_looks(self, seeds: Sequence[Sequence[int]]) -> None:
        """Writes the confirm seeds of every look at the test data so far, this one included."""
        with self.writer.waited:
            self._client.set_tag(self.parent_id, TAG_LOOKS, json.dumps([list(look) for look in seeds]))

    def note_decisions(self, said: str) -> None:
        """Writes what the search's decisions rest on."""
        with self.writer.waited:
            self.writer.background.write(self._client.set_tag, self.parent_id, TAG_DECISIONS, said)

    def note_interim(self, looks: Sequence[int], decided: Sequence[Mapping[str, Any]]) -> None:
        """Writes at how many seeds this stage 2 is looked at while it runs, and what the looks so far decided; nothing
        where it is looked at once."""
        if looks:
            shown = [{name: value for name, value in each.items() if name != "event"} for each in decided]
            said = json.dumps({"looks": list(looks), "decided": shown})
            with self.writer.waited:
                self._client.set_tag(self.parent_id, of_look(TAG_INTERIM, self.sweep.look), said)

    def note_control(self, command: str, said: str, asked_seconds: float) -> None:
        """Adds what a person did to a running sweep to the parent's tag, the latest where there is no more room."""
        with self.writer.waited:
            self._steered.append({"time": round(asked_seconds), "command": command, "said": redacted(said)})
            text = json.dumps(self._steered)
            while len(text) > TAG_CHARACTERS:
                self._steered.pop(0)
                text = json.dumps(self._steered)
            self.writer.background.write(self._client.set_tag, self.parent_id, TAG_CONTROL, text)

    def finish_sweep(
        self,
        status: str = "completed",
        *,
        reason: str | None = None,
        verdict: Mapping[str, Any] | None = None,
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Closes the parent run with the verdict (`wording.as_record`), which is the run's description too.

        After a failure nothing is raised: that failure is what must be heard.
        """
        if status != "completed":
            self._client.patience_seconds = 0.0
        sweep, writer = self.sweep, self.writer
        with writer.waited, suppress(*([] if status == "completed" else [Exception])):
            if verdict is not None:
                self._client.log_dict(self.parent_id, dict(verdict), of_look("verdict.json", sweep.look))
                note = verdict_note(verdict)[:TAG_CHARACTERS]
                self._client.set_tag(self.parent_id, "mlflow.note.content", note)
                self._client.set_tag(self.parent_id, TAG_LOOK, str(sweep.look))
            if status == "completed":  # a session that goes on later has not come to its figures
                tracking = {"tracking/seconds": self.seconds, "tracking/background_seconds": writer.background.seconds}
                writer.log_epoch(sweep.run, sweep.look - 1, {**(metrics or {}), **tracking})
            writer.end(sweep.run, status, reason)
            writer.flush()

    def flush(self) -> None:
        """Returns when everything logged so far is in the store. Raises SweepFailed where it does not take it."""
        self.writer.flush()

    def artifact_folders(self) -> list[Path]:
        """Where the artifacts of this sweep's runs are, if they are files of this machine."""
        if self._artifacts is None:
            return []
        made = (run.made_id for run in (self.sweep.run, *self.runs.all))
        return [self._artifacts / run_id for run_id in made if run_id is not None]

    # For the person who reads it

    def ui_command(self) -> str | None:
        """The command that shows the record in a browser; None where a server does already (see `ui_address`)."""
        return ui_command(self.uri)

    def share_view(self, view: SweepView) -> None:
        """Writes what MLflow's pages show of this sweep. A store that takes no such tag is no reason to stop."""

        def write() -> None:
            with suppress(Exception):
                self._client.set_experiment_tag(self.experiment_id, *view.tag)

        self.view_link = view.link(ui_address(self.uri), self.experiment_id)
        with self.writer.waited:
            self.writer.background.write(write)


def _plain(value: Any) -> Any:
    return redacted(value) if isinstance(value, str) else value
