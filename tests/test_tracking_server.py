"""A sweep whose record is an MLflow server on PostgreSQL, files through the server: both are away for a while in the
middle, no run is lost or doubled, and the verdict is that of the same sweep with a record of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from analysis.record.reader import read_sweep
from analysis.record.store import connect
from benchmarks.record_server import behind_a_door
from sweeps.state.journal import read_journal
from tests.machines import Machine, ray_folder, sweep_in, trained
from tests.sweeps.record.postgres import PASSWORD, postgres, programs

__all__ = ["ray_folder"]
pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(programs() is None, reason="no PostgreSQL here that this user can start (Debian: postgresql)"),
]
AWAY_SECONDS = 10.0


def wait_for(journal: str, results: int, machine: Machine, driver: subprocess.Popen[bytes]) -> None:
    """Until a stage's journal has so many results."""
    until = time.monotonic() + 600
    while time.monotonic() < until and driver.poll() is None:
        for path in (machine.folder / "results").glob(f"*/{journal}/journal.jsonl"):
            if sum(event["event"] == "result" for event in read_journal(path)) >= results:
                return
        time.sleep(0.2)
    raise AssertionError(machine.log.read_text())


def test_the_record_is_whole_after_its_server_and_its_database_were_away(tmp_path: Path, ray_folder: Path) -> None:
    local = Machine(tmp_path / "local", ray_folder, {})
    local.run("results")
    expected = trained(sweep_in(local.folder / "results"))

    with postgres() as database, behind_a_door(database.folder, database.uri) as door:
        watched = Machine(tmp_path / "watched", ray_folder, {"MLFLOW_TRACKING_URI": door.uri})
        driver = watched.start("results")
        wait_for("explore", 2, watched, driver)
        door.shut()
        time.sleep(AWAY_SECONDS)
        door.open()
        wait_for("confirm", 1, watched, driver)
        database.stop()
        time.sleep(AWAY_SECONDS / 2)
        database.start()
        assert driver.wait(timeout=900) == 0, watched.log.read_text()

        sweep = sweep_in(watched.folder / "results")
        assert trained(sweep) == expected
        record = read_sweep(door.uri, sweep.name)
        runs = record.runs
        assert set(runs["tags.sweep.status"]) == {"completed"}
        named = Counter(zip(runs["tags.sweep.trial_id"], runs["tags.sweep.stage"], strict=True))
        assert set(named.values()) == {1}
        written = {
            (event["trial"], event["result"]["epoch"])
            for stage in ("explore", "confirm")
            for event in read_journal(sweep / stage / "journal.jsonl")
            if event["event"] == "result"
        }
        assert len(record.curves(["val/accuracy"])) == len(written)
        assert not (watched.folder / "results" / "mlflow.db").exists()
        assert not (watched.folder / "results" / "mlartifacts").exists()
        client = connect(door.uri)
        places = [client.get_run(run).info.artifact_uri for run in runs["run_id"]]
        assert {place.partition(":")[0] for place in places} == {"mlflow-artifacts"}

        for command in (["sweeps.list"], ["analysis.report", str(sweep), "--output", "report"]):
            how: dict[str, Any] = {"cwd": watched.folder, "env": watched.environment, "capture_output": True}
            done = subprocess.run([sys.executable, "-m", *command], timeout=600, check=False, text=True, **how)
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        assert (watched.folder / "report" / "report.html").stat().st_size > 10_000
    said = watched.log.read_text()
    assert not re.search(r"Traceback|OperationalError", said)
    assert PASSWORD not in said
