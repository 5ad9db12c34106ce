"""Faults are told apart as the libraries raise them; a process that hangs is ended and says where it stood."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from trainables.errors import InputError
from trainables.process.watchdog import hung
from trainables.training.faults import BAD_INPUT, DISK_FULL, DIVERGED, OUT_OF_MEMORY, TrainingDiverged, kind_of

TOO_MANY_BYTES = 1 << 60


def fill_database() -> None:
    with sqlite3.connect(":memory:") as database:
        database.execute("PRAGMA max_page_count=2")
        database.execute("CREATE TABLE t (x)")
        database.execute("INSERT INTO t VALUES (zeroblob(100000))")


def raised_by(action: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - each is looked at
        action()
    return caught.value


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (lambda: torch.empty(TOO_MANY_BYTES, dtype=torch.uint8), OUT_OF_MEMORY),
        (lambda: np.ones(TOO_MANY_BYTES, dtype=np.uint8), OUT_OF_MEMORY),
        (lambda: bytearray(TOO_MANY_BYTES), OUT_OF_MEMORY),
        (fill_database, DISK_FULL),
        (lambda: torch.ones(2) @ torch.ones(3), None),
        (lambda: Path("/nowhere/at/all").read_text(), None),
    ],
    ids=["torch", "numpy", "python", "sqlite", "shapes", "no-file"],
)
def test_what_libraries_raise_has_its_kind(action: Callable[[], object], kind: str | None) -> None:
    assert kind_of(raised_by(action)) == kind


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_known_by_its_number_also_behind_another_exception() -> None:
    def write() -> None:
        try:
            with open("/dev/full", "w") as file:
                file.write("x")
        except OSError as error:
            raise RuntimeError("could not save") from error

    assert kind_of(raised_by(write)) == DISK_FULL


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."), OUT_OF_MEMORY),
        (RuntimeError("MPS backend out of memory (MPS allocated: 17.5 GiB, max allowed: 18.1 GiB)."), OUT_OF_MEMORY),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), OUT_OF_MEMORY),
        (RuntimeError("CUDA error: device-side assert triggered"), None),
        (TrainingDiverged("the training loss is nan"), DIVERGED),
        (InputError("data.source: no such file"), BAD_INPUT),
    ],
)
def test_what_cannot_be_raised_here_is_known_by_its_words(error: Exception, kind: str | None) -> None:
    assert kind_of(error) == kind


def watched(tmp_path: Path, body: str) -> subprocess.CompletedProcess[str]:
    code = f"""
        import sys, threading, time
        from pathlib import Path
        from trainables.watchdog import Watchdog
        dog = Watchdog()
        def stuck_here():
            threading.Lock().acquire() and threading.Event().wait()
        {body}
        print("came to its end")
    """
    environment = {"SWEEP_HANG_SECONDS": "1", "PATH": ""}
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "hang.txt")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_a_hung_process_is_ended_and_says_where_it_stood(tmp_path: Path) -> None:
    threading_there = "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    body = f"{threading_there}; dog.start(Path(sys.argv[1])); time.sleep(1.2); dog.beat(); stuck_here()"
    done = watched(tmp_path, body)
    assert done.returncode == 1
    assert "came to its end" not in done.stdout
    stood = hung(tmp_path / "hang.txt")
    assert stood is not None
    assert "wait" in stood  # of threading.Event, in the main thread
    assert "stuck_here" in (tmp_path / "hang.txt").read_text()


def test_a_slow_process_that_moves_is_let_be(tmp_path: Path) -> None:
    """Seven beats in 3.5 s under a limit of one second between them, then a rest that nobody watches."""
    body = (
        "dog.start(Path(sys.argv[1])); [(time.sleep(0.5), dog.beat()) for _ in range(7)]; dog.stop(); time.sleep(1.5)"
    )
    assert watched(tmp_path, body).stdout == "came to its end\n"
    assert hung(tmp_path / "hang.txt") is None
