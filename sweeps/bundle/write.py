"""Packs a sweep: its files, and the runs of MLflow as files. The zip appears whole or not at all."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sweeps.state.find import find_workspace, results_folder
from sweeps.state.manifest import Manifest, state_of
from sweeps.state.workspace import VERDICT, Workspace
from trainables.data.atomic import atomic_file
from trainables.errors import InputError

LAYOUT = 1
# Of the sweep's folder; not the sound, nor what only an unfinished sweep needs
PARTS = (
    "*.json",
    "*.jsonl",
    "*.yaml",
    "*.csv",
    "splits.parquet",
    "report/**/*",
    "*/journal.jsonl",
    "*/*/journal.jsonl",
)
LEFT = ("**/final/*/predictions/*.parquet", "**/confirm*/*/final/*/adapter/*", "**/final/*.json")
TEXTS = (".json", ".jsonl", ".yaml", ".csv", ".md", ".html")
KEPT_TAG = "mlflow.parentRunId"  # MLflow's other tags name user, machine and paths


@dataclass
class Packer:
    """Adds files to a zip; one that is there already, byte for byte, is not added again."""

    zip: zipfile.ZipFile
    impersonal: Impersonal
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    _by_hash: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, content: bytes, *, share: bool = False) -> str:
        """The name under which the content is in the zip: `name`, or with `share` that of its double."""
        if name.endswith(TEXTS):
            content = self.impersonal(content)
        found = hashlib.sha256(content).hexdigest()
        if share and found in self._by_hash:
            return self._by_hash[found]
        self.zip.writestr(name, content)
        self.files[name] = {"sha256": found, "bytes": len(content)}
        self._by_hash.setdefault(found, name)
        return name


@dataclass(frozen=True)
class Impersonal:
    """Takes the places of this machine out of texts."""

    replaced: tuple[tuple[bytes, bytes], ...]

    @classmethod
    def of(cls, workspace: Workspace, manifest: Manifest) -> Impersonal:
        places = [(manifest.base_folder, "."), (str(workspace.results.absolute()), "results"), (str(Path.home()), "~")]
        known = sorted(((a, b) for a, b in places if len(a) > 1), key=lambda pair: -len(pair[0]))
        return cls(tuple((a.encode(), b.encode()) for a, b in known))

    def __call__(self, content: bytes) -> bytes:
        for place, name in self.replaced:
            content = content.replace(place, name)
        return content


def write_bundle(sweep: str, out: Path, results: str | None = None) -> tuple[int, int]:
    """Files and bytes of the zip. Raises InputError: no verdict, no record, a file that is there already."""
    from analysis.record.bundled import CONTENTS
    from sweeps.record.store import default_uri

    if out.exists():
        raise InputError(f"OUT.zip: {str(out)!r} is there already; remove it, or give another name.")
    workspace = find_workspace(sweep, results_folder(results))
    manifest, state = Manifest.read(workspace), state_of(workspace)
    if not (workspace.folder / VERDICT).is_file():
        raise InputError(
            f"SWEEP: {workspace.sweep_id} has no {VERDICT}: let it come to its verdict first (the "
            "same command goes on)."
        )
    uri = default_uri(workspace.results)
    with atomic_file(out.expanduser().absolute()) as path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            packer = Packer(file, Impersonal.of(workspace, manifest))
            for source in sorted(set(_sources(workspace.folder))):
                packer.add(source.relative_to(workspace.folder).as_posix(), source.read_bytes())
            _add_record(packer, uri, workspace.sweep_id)
            contents = {
                "layout": LAYOUT,
                "made_by": f"audio-sweeps {version('audio-sweeps')}",
                "sweep": workspace.sweep_id,
                "name": manifest.name,
                "look": state.look,
                "miniature": manifest.miniature,
                "data_fingerprint": manifest.data_fingerprint,
                "versions": {name: str(value) for name, value in manifest.versions.items()},
                "files": packer.files,
            }
            file.writestr(CONTENTS, json.dumps(contents, indent=1))
        size = path.stat().st_size
    return len(packer.files) + 1, size


def _sources(folder: Path) -> Iterator[Path]:
    for pattern in (*PARTS, *LEFT):
        for path in folder.glob(pattern):
            inside = path.relative_to(folder).parts
            if path.is_file() and not path.is_symlink() and "data" not in inside[:2] and "tune" not in inside:
                yield path


def _add_record(packer: Packer, uri: str, sweep_id: str) -> None:
    """The sweep's own run and every run of it, with curves and artifacts. Raises InputError: the record is gone."""
    from analysis.record.bundled import RUNS
    from analysis.record.reader import all_pages
    from analysis.record.store import connect, sqlite_path
    from trainables.records import TAG_SWEEP_ID

    if (path := sqlite_path(uri)) is not None and not path.is_file():
        raise InputError(f"SWEEP: the record of {sweep_id} is not at {uri}; set MLFLOW_TRACKING_URI to where it is.")
    client = connect(uri)
    experiments = {found.experiment_id: found.name for found in all_pages(client.search_experiments)}
    runs = all_pages(client.search_runs, list(experiments), f"tags.`{TAG_SWEEP_ID}` = '{sweep_id}'")
    if not runs:
        raise InputError(f"SWEEP: MLflow has no run of {sweep_id}; set MLFLOW_TRACKING_URI to where its record is.")
    with tempfile.TemporaryDirectory() as folder:
        found = [_run(packer, client, run, Path(folder)) for run in runs]
    experiment = runs[0].info.experiment_id
    record = {"experiment": {"id": experiment, "name": experiments[experiment]}, "runs": found}
    packer.add(RUNS, json.dumps(record, indent=1).encode())


def _run(packer: Packer, client: Any, run: Any, scratch: Path) -> dict[str, Any]:
    run_id = run.info.run_id
    artifacts = {}
    for name in sorted(_artifacts(client, run_id, None)):
        content = Path(client.download_artifacts(run_id, name, str(scratch))).read_bytes()
        artifacts[name] = packer.add(f"record/{run_id}/{name}", content, share=True)
    tags = {name: value for name, value in run.data.tags.items() if not name.startswith("mlflow.") or name == KEPT_TAG}
    histories = {name: client.get_metric_history(run_id, name) for name in run.data.metrics}
    return {
        "run_id": run_id,
        "run_name": run.info.run_name,
        "status": run.info.status,
        "start_time": run.info.start_time,
        "end_time": run.info.end_time,
        "tags": tags,
        "params": dict(run.data.params),
        "metrics": dict(run.data.metrics),
        "history": {name: [[v.step, v.value, v.timestamp] for v in values] for name, values in histories.items()},
        "artifacts": artifacts,
    }


def _artifacts(client: Any, run_id: str, path: str | None) -> Iterator[str]:
    for entry in client.list_artifacts(run_id, path):
        if entry.is_dir:
            yield from _artifacts(client, run_id, entry.path)
        else:
            yield entry.path
