"""The background writer: in order, without waiting, and with nothing lost."""

import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from sweeps.record.background import REST_SECONDS, BackgroundWriter
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
