"""One run as MLflow has it, and what it was trained from, so that it can be trained again."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis.record.reader import read_predictions
from analysis.record.store import connect, shown
from sweeps.config.axis import Axis
from sweeps.config.resolve import active_axes, baseline_config, resolve
from sweeps.config.spec import SweepSpec
from sweeps.state.assignment import Assignment, confirming, searching
from sweeps.state.manifest import Manifest, sweep_events
from sweeps.state.workspace import CONFIRM, Workspace
from trainables.config import FULL, TrialConfig
from trainables.errors import InputError
from trainables.records import (
    NO_SEED,
    PARAM_DEVICE,
    PARAM_PRECISION,
    ROLE_SWEEP,
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
    Predictions,
    of_look,
)

RUN_ID = re.compile(r"[0-9a-f]{32}")
MOST_BYTES = 1 << 20  # of a text that a run keeps
NOT_TRAINED = "cost/"  # metrics that say what a run cost are never the same twice


@dataclass(frozen=True)
class RecordedRun:
    run_id: str
    name: str
    sweep_id: str
    stage: str  # explore | confirm
    role: str
    status: str  # completed | pruned | failed | ...
    reason: str  # why it failed
    config_id: str
    trial_id: str
    seed: int | None  # None: nothing was trained
    fold: str
    params: Mapping[str, str]
    started_seconds: float  # since the epoch
    curves: Mapping[tuple[str, int], float]  # (metric, epoch) -> value
    answers: Mapping[str, Predictions]  # validation, test or the name of a further test set -> predictions
    source_texts: tuple[str, ...]  # the sweep's file, and what it was when it was extended; for a confirm run its own
    provenance: Mapping[str, Any]
    sweep_params: Mapping[str, str]
    miniature: bool

    @property
    def epochs(self) -> int:
        return max((epoch for _, epoch in self.curves), default=0)


def read_run(uri: str, run_id: str) -> RecordedRun:
    """Raises InputError: no such run, no run of a training, one that is not over, or one without its sweep."""
    if not RUN_ID.fullmatch(run_id):
        raise InputError(f"RUN_ID: {run_id[:60]!r} is no MLflow run id, which has 32 hexadecimal digits.")
    client = connect(uri)
    try:
        run = client.get_run(run_id)
    except Exception as error:  # the stores have no error in common
        raise InputError(f"RUN_ID: there is no run {run_id} in {shown(uri)}.") from error
    tags = run.data.tags
    if tags.get(TAG_ROLE) == ROLE_SWEEP:
        raise InputError(f"RUN_ID: {run_id} is a whole sweep, {tags.get(TAG_SWEEP_ID)}; name one of its runs.")
    missing = [tag for tag in (TAG_SWEEP_ID, TAG_STAGE, TAG_CONFIG_ID, TAG_SEED, TAG_PARENT) if tag not in tags]
    if missing:
        raise InputError(f"RUN_ID: {run_id} is no run of a sweep: it lacks the tags {', '.join(missing)}.")
    if TAG_STATUS not in tags:
        raise InputError(
            f"RUN_ID: {run_id} is not over ({str(run.info.status).lower()}); wait for it, or resume its sweep."
        )
    parent = client.get_run(tags[TAG_PARENT])
    histories = [
        client.get_metric_history(run_id, name) for name in run.data.metrics if not name.startswith(NOT_TRAINED)
    ]
    left = [Path(file.path) for file in client.list_artifacts(run_id, "predictions")]
    last_look = int(parent.data.tags.get(TAG_LOOK, "1"))
    looks = [int(tags.get(TAG_LOOK, "1"))] if tags[TAG_STAGE] == CONFIRM else range(1, last_look + 1)
    return RecordedRun(
        run_id=run_id,
        name=str(run.info.run_name),
        sweep_id=tags[TAG_SWEEP_ID],
        stage=tags[TAG_STAGE],
        role=tags.get(TAG_ROLE, ""),
        status=tags[TAG_STATUS],
        reason=tags.get(TAG_REASON, ""),
        config_id=tags[TAG_CONFIG_ID],
        trial_id=tags.get(TAG_TRIAL_ID, ""),
        seed=None if tags[TAG_SEED] == NO_SEED else _seed(run_id, tags[TAG_SEED]),
        fold=tags.get(TAG_FOLD, ""),
        params=dict(run.data.params),
        started_seconds=run.info.start_time / 1000,
        curves={(value.key, value.step): value.value for history in histories for value in history},
        answers={path.stem: read_predictions(client, run_id, path.stem) for path in left if path.suffix == ".parquet"},
        source_texts=tuple(_text(client, parent.info.run_id, of_look("sweep.yaml", look)) for look in looks),
        provenance=_provenance(_text(client, parent.info.run_id, "provenance.json")),
        sweep_params=dict(parent.data.params),
        miniature=tags.get(TAG_MINIATURE) == "true",
    )


def assignment_of(run: RecordedRun, spec: SweepSpec) -> Assignment:
    """What the run trained; of a trial of the search with all of its seeds.

    Raises InputError where the recorded values no longer give the recorded configuration.
    """
    if run.stage != CONFIRM:
        assignment = searching(spec, _sample(run, spec))
        _check(run, assignment.config)
        return assignment
    baseline = baseline_config(spec)
    if run.seed is None:
        # nothing is trained: of the configuration only the backbone counts
        config = replace(
            baseline,
            backbone=run.params.get("backbone", baseline.backbone),
            model_size=run.params["model_size"],
            quantization=run.params["quantization"],
            window_seconds=FULL,
        )
    else:
        config = baseline if run.role == "baseline" else resolve(spec, _sample(run, spec))
        _check(run, config)
    return confirming(run.role, run.role, config, run.seed)


def facts_of(run: RecordedRun, workspace: Workspace | None) -> dict[str, Any]:
    """Code, libraries and machine of the session that trained the run: a resumed sweep has several."""
    facts = dict(run.provenance)
    if workspace is not None:
        manifest = Manifest.read(workspace)
        facts |= {"device": manifest.device, "precision": manifest.precision}
        sessions = [event for event in sweep_events(workspace) if event["event"] == "session"]
        before = [event for event in sessions if event["time"] <= run.started_seconds]
        for event in before[-1:]:
            facts |= event["versions"]
    for name in (PARAM_DEVICE, PARAM_PRECISION):
        if name in run.sweep_params:
            facts[name] = run.sweep_params[name]
    return facts


def _sample(run: RecordedRun, spec: SweepSpec) -> dict[str, Any]:
    values = {
        axis.name: _typed(run, [other for other in spec.axes if other.name == axis.name])
        for axis in spec.axes
        if axis.name in run.params
    }
    return {name: values[name] for name in active_axes(spec, values) if name in values}


def _typed(run: RecordedRun, axes: Sequence[Axis]) -> Any:
    """MLflow keeps texts: the axis, or the several of one name, say what they were."""
    name, kind = axes[0].name, axes[0].kind
    text = run.params[name]
    try:
        if kind != "choice":
            return int(text) if kind.endswith("int") else float(text)
        return next(value for axis in axes for value in axis.values if _reads_as(value, text))
    except (ValueError, StopIteration):
        raise InputError(
            f"RUN_ID: {run.run_id} has {name} = {text[:60]!r}, which its sweep file does not offer; was the file "
            "of the sweep changed in MLflow?"
        ) from None


def _reads_as(value: Any, text: str) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).lower() == text.lower()
    try:
        return float(text) == value
    except ValueError:
        return False


def _check(run: RecordedRun, config: TrialConfig) -> None:
    if config.config_id != run.config_id:
        raise InputError(
            f"RUN_ID: {run.run_id} is configuration {run.config_id}, and what was recorded of it now gives "
            f"{config.config_id}: other code, or values that were changed in MLflow. It was trained with "
            f"package.git.commit {run.provenance.get('package.git.commit', 'unknown')}; use that version."
        )


def _seed(run_id: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"RUN_ID: {run_id} has the seed {text[:40]!r}, which is no whole number.") from None


def _text(client: Any, run_id: str, name: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = Path(client.download_artifacts(run_id, name, folder))
            with path.open("rb") as file:
                return file.read(MOST_BYTES).decode("utf-8")
        except Exception as error:  # the artifact stores have no error in common
            raise InputError(
                f"RUN_ID: the sweep's run {run_id} has no readable {name}, so nothing can be restored."
            ) from error


def _provenance(text: str) -> dict[str, Any]:
    try:
        facts = json.loads(text)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}
