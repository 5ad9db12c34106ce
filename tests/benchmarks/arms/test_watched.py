"""Memory of processes that are called as Ray calls its workers."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.arms.watched import workers_bytes

MIB = 1 << 20
HOLDS = "import sys; held = bytearray(b'x' * (64 << 20)); print('ready', flush=True); sys.stdin.read()"


def test_only_workers_are_counted_and_all_that_they_hold() -> None:
    before = workers_bytes()
    children = []
    for name in ("ray::trial", "something else"):
        children.append(
            subprocess.Popen(
                [name, "-c", HOLDS], executable=sys.executable, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        )
        assert children[-1].stdout is not None
        assert children[-1].stdout.readline() == b"ready\n"
    taken = workers_bytes() - before
    for child in children:
        child.communicate()
    assert 64 * MIB < taken < 120 * MIB
