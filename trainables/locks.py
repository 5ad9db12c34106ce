"""Locks between the processes of one machine: a file that one of them holds. The system lets go of it when the process
ends, however it ends. filelock loads when used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainables.errors import InputError

LOOK_SECONDS = 0.5  # who only looks whether it is held (`is_held`) holds it for a moment


def is_held(path: Path) -> bool:
    """Whether a process holds it now."""
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


@contextmanager
def holding(path: Path, refused: str) -> Iterator[None]:
    """Holds it for this process. Raises InputError with `refused` where another process does."""
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=LOOK_SECONDS, poll_interval=0.02)
    except Timeout:
        raise InputError(refused) from None
    try:
        yield
    finally:
        lock.release()
