"""The clock of a worker, against a made-up one, and the memory that it takes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from trainables.process import metering
from trainables.process.metering import Turnaround


def test_the_time_between_two_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    now = {"perf_counter": 0.0, "process_time": 0.0}
    for name in now:
        monkeypatch.setattr(metering.time, name, lambda name=name: now[name])
    clock = Turnaround()

    def epoch(at: float, seconds: float, cpu_seconds: float) -> None:
        now["perf_counter"] = at
        clock.computing_starts()
        now["perf_counter"] += seconds
        now["process_time"] += cpu_seconds
        clock.computing_ends()
        clock.result_given()

    clock.trial_begins()
    epoch(5.0, 2.0, 1.5)
    assert (clock.seconds, clock.computed_seconds, clock.computed_cpu_seconds) == (None, 2.0, 1.5)
    clock.trial_begins()
    epoch(7.25, 1.0, 0.5)  # the last result came at 7
    assert (clock.seconds, clock.computed_seconds, clock.computed_cpu_seconds) == (0.25, 1.0, 0.5)
    epoch(9.0, 1.0, 0.5)  # the same trial's second epoch: what it waited for is no turnaround
    assert clock.seconds == 0.25


def test_trials_that_compute_together_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = {"perf_counter": 16.0, "process_time": 8.0}
    for name in now:
        monkeypatch.setattr(metering.time, name, lambda name=name: now[name])
    clock = Turnaround()
    clock.computing_starts()
    now["perf_counter"], now["process_time"] = 22.0, 11.0
    clock.computing_ends(trials=3)
    assert (clock.computed_seconds, clock.computed_cpu_seconds) == (2.0, 1.0)


def test_memory_of_a_process_grows_with_what_it_holds() -> None:
    """In a process of its own: this one may have memory left from other tests."""
    code = (
        "import numpy as np\n"
        "from trainables.process.metering import peak_bytes, start_counting\n"
        "start_counting('cpu')\n"
        "before = peak_bytes('cpu')\n"
        "held = np.ones(2**24)\n"  # 128 MiB, written to
        "print(peak_bytes('cpu') - before, held.nbytes)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    grown, held = map(int, done.stdout.split())
    assert grown == pytest.approx(held, rel=0.2)
