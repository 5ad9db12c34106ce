"""A sweep whose results live in a bucket: its driver is killed, another machine takes it up with the bucket alone, the
store is away for a while, and the verdict is that of the same sweep in a folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from sweeps.state.journal import Event, read_journal
from tests.test_watching_a_real_sweep import SWEEP, write_clips
from tests.trainables.bucket.servers import BUCKET, S3, s3_server
from trainables.bucket.bucket import Bucket
from trainables.cache import cache_folder

pytestmark = pytest.mark.timeout(1800)
URI = f"s3://{BUCKET}/sweeps"
AWAY_SECONDS = 12.0
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


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with s3_server() as running:
        yield running


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


def wait_for(bucket: Bucket, driver: subprocess.Popen[bytes], results: int) -> bytes:
    """The journal of the search, once the bucket has one with so many results."""
    until = time.monotonic() + 600
    while time.monotonic() < until and driver.poll() is None:
        for path in bucket.listing():
            if path.endswith("explore/journal.jsonl") and bucket.read(path).count(b'"event":"result"') >= results:
                return bucket.read(path)
        time.sleep(0.2)
    raise AssertionError("no such journal came")


def events_of(content: bytes, folder: Path) -> list[Event]:
    (folder / "copy.jsonl").write_bytes(content)
    return read_journal(folder / "copy.jsonl")


def test_a_lost_driver_is_taken_up_elsewhere_with_nothing_but_the_bucket(
    tmp_path: Path, ray_folder: Path, server: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    local = Machine(tmp_path / "local", ray_folder, {})
    local.run("results")
    expected = trained(sweep_in(local.folder / "results"))

    bucket = Bucket.checked(URI, writable=False)
    lost = Machine(tmp_path / "lost", ray_folder, server.environment)
    driver = lost.start(URI)
    wait_for(bucket, driver, results=2)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    time.sleep(2)  # what was on its way to the server
    (path,) = (path for path in bucket.listing() if path.endswith("explore/journal.jsonl"))
    kept = events_of(bucket.read(path), tmp_path)
    written = read_journal(sweep_in(lost.mirror()) / "explore" / "journal.jsonl")
    assert kept == written[: len(kept)]
    assert len(written) - len(kept) <= 8  # what a pass had not taken up: a second's events

    taker = Machine(tmp_path / "taker", ray_folder, server.environment)
    driver = taker.start(URI)
    results = sum(event["event"] == "result" for event in kept)
    wait_for(bucket, driver, results=results + 1)
    server.stop()
    time.sleep(AWAY_SECONDS)
    server.go_on()
    assert driver.wait(timeout=900) == 0, taker.log.read_text()
    text = taker.log.read_text()
    sweep = sweep_in(taker.mirror())
    assert f"Goes on with {sweep.name}" in text
    assert sweep.name == sweep_in(lost.mirror()).name
    assert "was in use by" in text
    assert "Another machine has worked on" in text
    assert f"{URI}/{sweep.name} has all of it" in text
    assert trained(sweep) == expected
    assert read_journal(sweep / "explore" / "journal.jsonl")[: len(kept)] == kept

    third = Machine(tmp_path / "third", ray_folder, server.environment)
    for command in (
        ["sweeps.list", URI],
        ["sweeps.control", f"{URI}/tones", "status"],
        ["sweeps.predict", "tones", "clip-00.wav", "clip-01.wav", "--results", URI],
        ["analysis.report", f"{URI}/tones", "--output", "report"],
        ["sweeps.rerun", run_of(taker.mirror()), "--results", URI],
        ["sweeps.clean", "tones", "--results", URI],
    ):
        how: dict[str, Any] = {"cwd": third.folder, "env": third.environment, "capture_output": True, "text": True}
        done = subprocess.run([sys.executable, "-m", *command], timeout=600, check=False, **how)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
    assert (third.folder / "report" / "report.html").stat().st_size > 10_000
    gone = [path for path in bucket.listing(sweep.name) if "/explore/" in path and "/adapter/" in path]
    assert gone == []
    assert bucket.listing(f"{sweep.name}/confirm")


def run_of(results: Path) -> str:
    """A run of the search that was completed."""
    import sqlite3

    with sqlite3.connect(results / "mlflow.db") as database:
        query = "SELECT run_uuid FROM tags WHERE key = 'sweep.trial_id' AND value = 'trial_00000'"
        return str(database.execute(query).fetchone()[0])
