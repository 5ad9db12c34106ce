"""Runs made in the background: named at once, written to in order, made once."""

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from sweeps.record.background import BackgroundWriter
from sweeps.record.begun_runs import BegunRuns
from trainables.errors import SweepFailed


class SlowClient:
    """Makes a run only when `gate` is open, and fails the first `failures` times."""

    def __init__(self, failures: int = 0) -> None:
        self.gate, self.failures = threading.Event(), failures
        self.calls: list[tuple[Any, ...]] = []

    def create_run(self, experiment_id: str, start_time: int, tags: dict[str, str], run_name: str) -> Any:
        assert self.gate.wait(10)
        if self.failures:
            self.failures -= 1
            raise OSError("database is locked")
        self.began_ms = start_time
        self.calls.append(("create", run_name))
        return SimpleNamespace(info=SimpleNamespace(run_id=f"id of {run_name}"))

    def set_tag(self, run_id: str, key: str, value: str) -> None:
        self.calls.append((run_id, key, value))


def test_nobody_waits_until_an_id_is_asked_for() -> None:
    client, writer = SlowClient(), BackgroundWriter()
    runs = BegunRuns(client, writer)
    first, second = (runs.begin("1", {}, name) for name in ("first", "second"))
    runs.write(client.set_tag, second, "k", "v")
    runs.write(client.set_tag, "from before", "k", "v")
    assert client.calls == []
    assert runs.id_if_made(first) is None
    client.gate.set()
    assert runs.id_of(second) == "id of second"
    assert runs.id_if_made(first) == "id of first"
    assert runs.id_of("from before") == "from before"
    expected = [("create", "first"), ("create", "second"), ("id of second", "k", "v"), ("from before", "k", "v")]
    assert client.calls == expected


@pytest.mark.parametrize("failures", [1, 5])
def test_a_run_that_could_not_be_made_is_made_with_the_next_flush_before_what_is_written_to_it(failures: int) -> None:
    client, writer = SlowClient(failures), BackgroundWriter()
    runs = BegunRuns(client, writer)
    client.gate.set()
    run = runs.begin("1", {}, "run")
    runs.write(client.set_tag, run, "k", "v")
    while failures > 1 and client.failures:
        with pytest.raises(SweepFailed, match=r"did not take 2 .*locked"):
            writer.flush()
    assert runs.id_of(run) == "id of run"
    writer.flush()
    assert client.calls == [("create", "run"), ("id of run", "k", "v")]


def test_a_run_begins_when_it_is_asked_for_and_not_when_it_comes_to_be_made() -> None:
    client = SlowClient()
    client.gate.set()
    runs = BegunRuns(client, BackgroundWriter())
    before = time.time()
    run = runs.begin("1", {}, "run")
    after = time.time()
    time.sleep(0.01)
    runs.id_of(run)
    assert int(before * 1000) <= client.began_ms <= after * 1000
