"""Machines of users, for tests of whole sweeps: a folder with clips, a cache of its own, `sweeps.run` in a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from sweeps.state.journal import read_journal
from tests.test_watching_a_real_sweep import SWEEP, write_clips
from trainables.cache import cache_folder

# a lost machine is taken for lost a minute after its last sign; here sooner
COMMAND = """\
import sys
from trainables.bucket.lease import Lease
from sweeps.run import main
Lease.__init__.__kwdefaults__["expires_seconds"] = 8.0
sys.exit(main())
"""


class Machine:
    """A user's folder with clips, and a cache of its own."""

    def __init__(self, folder: Path, ray_folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.cache, self.log = folder / "work", folder / "cache", folder / "log.txt"
        self.folder.mkdir(parents=True)
        self.cache.mkdir()
        for shared in cache_folder().absolute().glob("m*"):  # miniatures, measurements, MLflow's empty tables
            (self.cache / shared.name).symlink_to(shared)
        write_clips(self.folder)
        text = "".join(line for line in SWEEP.splitlines(keepends=True) if not line.startswith("notify"))
        (self.folder / "tones.yaml").write_text(text)
        self.environment = {
            **os.environ,
            "AUDIO_SWEEPS_MINIATURE": "test",
            "AUDIO_SWEEPS_CACHE": str(self.cache),
            "OMP_NUM_THREADS": "1",
            "RAY_TMPDIR": str(ray_folder),
            "PYTHONPATH": str(Path(__file__).parents[1]),
            **environment,
        }

    def start(self, results: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", COMMAND, "tones.yaml", "profile=cpu", f"results={results}"]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=log, stderr=log)

    def run(self, results: str) -> str:
        assert self.start(results).wait(timeout=900) == 0, self.log.read_text()
        return self.log.read_text()

    def mirror(self) -> Path:
        (found,) = (self.cache / "buckets").iterdir()
        return found


@pytest.fixture(scope="module")
def ray_folder() -> Iterator[Path]:
    """Below /tmp: the path of a socket has at most 107 bytes."""
    with TemporaryDirectory(prefix="r", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def sweep_in(results: Path) -> Path:
    (found,) = (path.parent for path in results.glob("*/sweep.json"))
    return found


def trained(sweep: Path) -> dict[str, Any]:
    """What decides: the values of every trial's epochs, and the verdict."""
    values: dict[str, Any] = {}
    for stage in ("explore", "confirm"):
        for event in read_journal(sweep / stage / "journal.jsonl"):
            if event["event"] == "result":
                values[f"{event['trial']} {event['result']['epoch']}"] = event["result"]["value"]
    verdict = json.loads((sweep / "verdict.json").read_text())
    return values | {"sentence": verdict["sentence"], "rows": verdict["rows"]}
