"""A sweep whose results live in a bucket: its driver is killed, another machine takes it up with the bucket alone, the
store is away for a while, and the verdict is that of the same sweep in a folder."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sweeps.state.journal import Event, read_journal
from tests.machines import Machine, ray_folder, sweep_in, trained
from tests.trainables.bucket.servers import BUCKET, S3, s3_server
from trainables.bucket.bucket import Bucket

__all__ = ["ray_folder"]
pytestmark = pytest.mark.timeout(1800)
URI = f"s3://{BUCKET}/sweeps"
AWAY_SECONDS = 12.0


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with s3_server() as running:
        yield running


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
