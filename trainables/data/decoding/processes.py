"""Work that Python's lock would do on one processor only, in processes beside this one: the headers of very many files,
and very many short clips. They are plain programs that read from a pipe, so that they start wherever this process
runs - with threads, inside a notebook, or below a script - and end with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from trainables.data.decoding.jobs import Reply
from trainables.data.sound.batches import decoding_threads
from trainables.errors import SweepFailed

FEWEST_ITEMS = 20_000  # files or clips from which on starting processes pays: half a second of a processor each
ROOT = Path(__file__).resolve().parents[3]
Part = TypeVar("Part")


def pays(items: int) -> bool:
    return items >= FEWEST_ITEMS and decoding_threads() > 1


def in_processes(
    job: str,
    settings: Mapping[str, Any],
    parts: Iterable[Part],
    plain: Callable[[Part], Any],
    keep: Callable[[Part, Reply], bool],
) -> bool:
    """Does every part of a job of `jobs.JOBS`, and hands each reply to `keep`, in several threads; where that says
    False no further part is begun. `plain` makes plain values of a part. Returns False where no process can be started:
    nothing was done then. Raises SweepFailed: a process died."""
    waiting, lock, going = iter(parts), Lock(), [True]

    def next_part() -> list[Part]:
        with lock:
            return list(islice(waiting, 1)) if going[0] else []

    def serve(process: _Process) -> None:
        while part := next_part():
            try:
                for reply in process.answers(plain(part[0])):
                    going[0] = keep(part[0], reply) and going[0]
            except BaseException:
                going[0] = False
                raise

    with ExitStack() as stack:
        try:
            processes = [stack.enter_context(_Process(job, settings)) for _ in range(decoding_threads())]
        except OSError:
            return False
        with ThreadPoolExecutor(len(processes)) as pool:
            try:
                for done in [pool.submit(serve, process) for process in processes]:
                    done.result()
            except BaseException:
                going[0] = False
                raise
    return True


class _Process:
    """A worker with its pipes. Raises OSError: it cannot be started."""

    def __init__(self, job: str, settings: Mapping[str, Any]) -> None:
        self._first = [job, dict(settings)]

    def __enter__(self) -> _Process:
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "trainables.data.decoding.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,  # Ctrl-C reaches the process that waits for this one
        )
        self._send(self._first)
        return self

    def __exit__(self, *exc: object) -> None:
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        self._process.stdout.close()  # type: ignore[union-attr]
        if exc[0] is not None:
            self._process.kill()
        self._process.wait()

    def answers(self, part: Any) -> Iterator[Reply]:
        """Raises SweepFailed: the process ended."""
        try:
            yield from self._answers(part)
        except (OSError, EOFError):
            status = self._process.wait()
            how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
            raise SweepFailed(
                f"a process that decodes clips {how} (out of memory, or sound that its decoder dies of?) at "
                f"{json.dumps(part)[:200]}"
            ) from None

    def _answers(self, part: Any) -> Iterator[Reply]:
        self._send(part)
        replies = self._process.stdout
        assert replies is not None
        while True:
            line = replies.readline()
            if line == b"\n":
                return
            if not line.endswith(b"\n"):
                raise EOFError
            values, lengths = json.loads(line)
            content = tuple(replies.read(length) for length in lengths)
            if any(len(each) < length for each, length in zip(content, lengths, strict=True)):
                raise EOFError
            yield Reply(values, content)

    def _send(self, values: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(values).encode() + b"\n")
        self._process.stdin.flush()
