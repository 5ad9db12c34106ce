"""A record that goes away and comes back: a real MLflow server behind a door that can be shut."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.record.reader import read_sweep
from analysis.record.store import connect
from benchmarks.record_server import Door, behind_a_door
from sweeps.record.retry import Patient, is_away
from sweeps.record.tracker import Tracker
from trainables.errors import SweepStopped
from trainables.records import NO_FOLD, TAG_TRIAL_ID


class Flaky:
    def __init__(self, failures: list[Exception]) -> None:
        self.failures, self.calls = failures, 0

    def set_tag(self, value: int) -> int:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return value


AWAY = Exception("API request to http://127.0.0.1:5000/api failed with exception HTTPConnectionPool(...)")


def test_a_call_is_made_until_it_is_taken() -> None:
    client = Flaky([AWAY, ConnectionRefusedError(), Exception("(sqlite3.OperationalError) database is locked")])
    assert Patient(client).set_tag(7) == 7
    assert client.calls == 4


def test_what_the_record_refuses_is_not_tried_again() -> None:
    client = Flaky([ValueError("INVALID_PARAMETER_VALUE: no such run")])
    with pytest.raises(ValueError, match="no such run"):
        Patient(client).set_tag(7)
    assert client.calls == 1


def test_patience_ends_and_then_the_sweep_does() -> None:
    client = Flaky([AWAY] * 100)
    patient = Patient(client, patience_seconds=0.6)
    assert not patient.gave_up
    with pytest.raises(SweepStopped, match="has not answered"):
        patient.set_tag(7)
    calls = client.calls
    assert 2 <= calls <= 4
    assert "has not answered" in patient.gave_up
    with pytest.raises(SweepStopped):
        patient.set_tag(8)
    assert client.calls == calls  # not asked any more


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with behind_a_door(tmp_path) as opened:
        yield opened


@pytest.mark.slow  # a server takes half a minute to start
def test_a_server_that_goes_away_for_a_while_loses_nothing(door: Door, tmp_path: Path) -> None:
    """It goes away three times, in the middle of what is written behind the sweep's back and of what it waits for."""
    tracker = Tracker(door.uri, tmp_path, "away", miniature=True)
    tracker.start_sweep("away-1", "name: away\n", {}, {"trials": 3})
    for number in range(3):
        timer = threading.Timer(2.5, door.open)
        door.shut()
        timer.start()
        run = tracker.runs.begin("explore", "trial", f"c{number}", f"t_{number:05d}", 42, NO_FOLD, {"rank": number})
        tracker.runs.id_of(run)  # waits for the server
        timer.join()
        for epoch in (1, 2, 3):
            tracker.runs.log_epoch(run, epoch, {"val/accuracy": number + epoch / 10})
            if epoch == 2:
                door.shut()
                time.sleep(0.5)
                door.open()
        tracker.runs.close(run, "completed")
    tracker.finish_sweep(metrics={"sweep/seconds": 1.0})

    sweep = read_sweep(door.uri, "away-1")
    assert list(sweep.runs.sort_values("params.rank")["params.rank"]) == ["0", "1", "2"]
    assert set(sweep.runs["tags.sweep.status"]) == {"completed"}
    curves = sweep.curves(["val/accuracy"])
    assert sorted(curves["value"]) == pytest.approx([n + e / 10 for n in range(3) for e in (1, 2, 3)])


class Lossy:
    """A real store whose every first answer of a kind is lost on the way back."""

    def __init__(self, client: Any) -> None:
        self.client, self.lost = client, set[str]()

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            answer = getattr(self.client, name)(*args, **kwargs)
            if name not in self.lost:
                self.lost.add(name)
                raise AWAY
            return answer

        return call


def test_what_was_made_although_the_answer_was_lost_is_not_made_twice(tmp_path: Path) -> None:
    client = connect(f"sqlite:///{tmp_path}/runs.db")
    patient = Patient(Lossy(client))
    experiment = patient.create_experiment("tones", artifact_location=tmp_path.as_uri())
    run = patient.create_run(experiment, tags={TAG_TRIAL_ID: "t_0"}, run_name="one", start_time=1)
    (only,) = client.search_runs([experiment])
    assert run.info.run_id == only.info.run_id
    assert only.data.tags[TAG_TRIAL_ID] == "t_0"
    patient.delete_run(run.info.run_id)
    assert client.search_runs([experiment]) == []
    patient.delete_run(patient.create_run(experiment, tags={}).info.run_id)  # answers come at once from here on


def test_mlflows_own_words_for_a_server_that_is_away_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(Exception, match="failed with exception") as caught:
        MlflowClient(tracking_uri="http://127.0.0.1:9").search_experiments()
    assert is_away(caught.value)
