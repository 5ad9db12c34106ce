"""The background writer, and runs that it makes: in order, without waiting, and with nothing lost."""

import sqlite3
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from sweeps.record.background import REST_SECONDS, BackgroundWriter, BegunRuns, Run, Stopwatch
from trainables.errors import SweepFailed, SweepStopped


def test_writes_keep_their_order_and_do_not_wait() -> None:
    writer, gate, seen = BackgroundWriter(), threading.Event(), []
    writer.write(gate.wait, 10)
    for number in range(50):
        writer.write(seen.append, number)
    assert seen == []  # still behind the gate
    gate.set()
    writer.flush()
    assert seen == list(range(50))
    assert writer.seconds > 0


def test_a_write_that_fails_once_is_made_again() -> None:
    writer, attempts = BackgroundWriter(), []

    def busy(value: int) -> None:
        attempts.append(value)
        if len(attempts) == 1:
            raise OSError("database is locked")

    writer.write(busy, 1)
    writer.write(busy, 2)
    writer.flush()
    assert attempts == [1, 2, 1]
    writer.flush()
    assert attempts == [1, 2, 1]


def test_a_write_that_keeps_failing_is_reported_and_kept() -> None:
    writer, healthy, seen = BackgroundWriter(), threading.Event(), []

    def store(value: int) -> None:
        if not healthy.is_set():
            raise OSError("no such table\nsecond line")
        seen.append(value)

    writer.write(store, 1)
    writer.write(store, 2)
    with pytest.raises(SweepFailed, match=r"did not take 2 of this sweep's entries \(no such table\)"):
        writer.flush()
    healthy.set()
    writer.flush()
    assert seen == [1, 2]


def test_a_full_disk_stops_in_good_order() -> None:
    writer = BackgroundWriter()

    def full() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    writer.write(full)
    with pytest.raises(SweepStopped, match="disk is full"):
        writer.flush()


def test_the_end_of_the_process_waits_for_what_was_handed_over() -> None:
    code = (
        "import time\nfrom sweeps.record.background import BackgroundWriter\nwriter = BackgroundWriter()\n"
        "writer.write(time.sleep, 0.2)\nwriter.write(print, 'written')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "written\n"


def test_a_write_rests_until_somebody_waits_for_it() -> None:
    writer, seen = BackgroundWriter(), []
    started = time.monotonic()
    writer.write(lambda: seen.append(time.monotonic() - started))
    while not seen:
        time.sleep(0.01)
    assert seen[0] >= REST_SECONDS
    for _ in range(20):
        writer.write(lambda: seen.append(0.0))
        writer.flush()
    assert time.monotonic() - started < 20 * REST_SECONDS
    assert len(seen) == 21


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
    runs.write(client.set_tag, Run("from before"), "k", "v")
    assert client.calls == []
    assert first.made_id is None
    client.gate.set()
    assert runs.id_of(second) == "id of second"
    assert first.made_id == "id of first"
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


def test_a_stopwatch_counts_a_block_within_another_one_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter((1.0, 4.0, 10.0, 12.0))
    monkeypatch.setattr("sweeps.record.background.time.perf_counter", lambda: next(seconds))
    watch = Stopwatch()
    with watch, watch:
        pass
    with watch:
        pass
    assert watch.seconds == 3.0 + 2.0
