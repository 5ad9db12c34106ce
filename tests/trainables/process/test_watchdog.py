"""A process in which nothing moves is ended and says where it stood; one that moves is let be."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from trainables.process.watchdog import HANG_FILE, hung


def watched(tmp_path: Path, body: str) -> subprocess.CompletedProcess[str]:
    code = f"""
        import sys, threading, time
        from pathlib import Path
        from trainables.process.watchdog import Watchdog
        dog = Watchdog()
        def stuck_here():
            threading.Lock().acquire() and threading.Event().wait()
        {body}
        print("came to its end")
    """
    environment = {"SWEEP_HANG_SECONDS": "1", "PATH": ""}
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / HANG_FILE)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_a_hung_process_is_ended_and_says_where_it_stood(tmp_path: Path) -> None:
    threading_there = "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    body = f"{threading_there}; dog.start(Path(sys.argv[1])); time.sleep(1.2); dog.beat(); stuck_here()"
    done = watched(tmp_path, body)
    assert done.returncode == 1
    assert "came to its end" not in done.stdout
    stood = hung(tmp_path / HANG_FILE)
    assert stood is not None
    assert "wait" in stood  # of threading.Event, in the main thread
    assert "stuck_here" in (tmp_path / HANG_FILE).read_text()


def test_a_slow_process_that_moves_is_let_be(tmp_path: Path) -> None:
    """Seven beats in 3.5 s under a limit of one second between them, then a rest that nobody watches."""
    body = (
        "dog.start(Path(sys.argv[1])); [(time.sleep(0.5), dog.beat()) for _ in range(7)]; dog.stop(); time.sleep(1.5)"
    )
    assert watched(tmp_path, body).stdout == "came to its end\n"
    assert hung(tmp_path / HANG_FILE) is None
