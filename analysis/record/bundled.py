"""The record of one sweep in a file that `sweeps.bundle` wrote, read as if it were a store of MLflow.

`bundle:/path/of/the.zip` is its address wherever a store's is taken. It answers what this project asks of MLflow's
client, and nothing can be written to it.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

from trainables.errors import InputError

SCHEME = "bundle:"
CONTENTS, RUNS = "bundle.json", "record/runs.json"  # in the file
MOST_BYTES = 1 << 30  # of one file in it
EQUALS = re.compile(r"tags\.`([^`]+)` = '([^']*)'")


def is_bundle(uri: str) -> bool:
    return uri.startswith(SCHEME)


class Page(list[Any]):
    """All results at once."""

    token = None


class BundleClient:
    """Raises InputError where the file is none that `sweeps.bundle` wrote."""

    def __init__(self, uri: str) -> None:
        self.path = Path(uri.removeprefix(SCHEME))
        try:
            with zipfile.ZipFile(self.path) as file:
                self._record = json.loads(file.read(RUNS))
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise InputError(f"{str(self.path)!r} is no file that sweeps.bundle wrote ({error}).") from None

    @cached_property
    def _runs(self) -> dict[str, Any]:
        return {run["run_id"]: _run(run, self._record["experiment"]["id"]) for run in self._record["runs"]}

    def search_experiments(self, **_: Any) -> Page:
        return Page([self._experiment])

    def get_experiment_by_name(self, name: str) -> Any:
        return self._experiment if name == self._experiment.name else None

    def search_runs(self, experiment_ids: Sequence[str], filter_string: str = "", **_: Any) -> Page:
        """Of filters only tags that equal a text, as this project asks."""
        wanted = EQUALS.findall(filter_string)
        runs = self._runs.values() if self._experiment.experiment_id in experiment_ids else ()
        return Page(run for run in runs if all(run.data.tags.get(name) == value for name, value in wanted))

    def get_run(self, run_id: str) -> Any:
        return self._runs[run_id]

    def get_metric_history(self, run_id: str, name: str) -> list[Any]:
        found = self._runs[run_id].history.get(name, ())
        return [SimpleNamespace(key=name, step=step, value=value, timestamp=time) for step, value, time in found]

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[Any]:
        """The files and folders right below `path`."""
        above = PurePosixPath(path) if path else PurePosixPath()
        depth = len(above.parts)
        names = [PurePosixPath(name) for name in self._runs[run_id].artifacts]
        below = [name for name in names if name.parts[:depth] == above.parts and len(name.parts) > depth]
        here = dict.fromkeys(PurePosixPath(*name.parts[: depth + 1]) for name in below)
        return [SimpleNamespace(path=str(name), is_dir=name not in names) for name in here]

    def download_artifacts(self, run_id: str, path: str, dst_path: str) -> str:
        """Writes the file below `dst_path`. Raises KeyError: the run has none of this name."""
        stored = self._runs[run_id].artifacts[path]
        target = Path(dst_path, *PurePosixPath(path).parts)
        if ".." in PurePosixPath(path).parts:
            raise InputError(f"{self.path}: {path!r} is no name of a file.")
        with zipfile.ZipFile(self.path) as file:
            if file.getinfo(stored).file_size > MOST_BYTES:
                raise InputError(f"{self.path}: {stored} is too large.")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read(stored))
        return str(target)

    @property
    def _experiment(self) -> Any:
        found = self._record["experiment"]
        return SimpleNamespace(experiment_id=found["id"], name=found["name"], lifecycle_stage="active")


def _run(found: Mapping[str, Any], experiment: str) -> Any:
    info = SimpleNamespace(
        run_id=found["run_id"],
        run_name=found["run_name"],
        status=found["status"],
        start_time=found["start_time"],
        end_time=found["end_time"],
        experiment_id=experiment,
    )
    data = SimpleNamespace(tags=found["tags"], params=found["params"], metrics=found["metrics"])
    return SimpleNamespace(info=info, data=data, history=found["history"], artifacts=found["artifacts"])
