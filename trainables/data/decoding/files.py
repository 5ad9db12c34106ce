"""What is read of many files: in threads, whose wait is the disk's, or, of very many, in processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from trainables.data.decoding.jobs import Reply
from trainables.data.decoding.processes import in_processes, pays

THREADS = 8
FILES_AT_ONCE, FILES_OF_A_PROCESS = 32, 500  # a file alone is not worth a task of its own
Found = TypeVar("Found")


def for_each_file(
    job: str,
    read: Callable[[Sequence[str]], Sequence[Found]],
    of_reply: Callable[[Reply], Sequence[Found]],
    paths: Sequence[str],
) -> list[Found]:
    """What `read` finds of each file, in order; `job` is the one of `jobs.JOBS` that does the same, `of_reply` makes
    of its answer what `read` finds."""
    if pays(len(paths)):
        parts = list(enumerate(parts_of(paths, FILES_OF_A_PROCESS)))
        of_part: dict[int, Sequence[Found]] = {}

        def keep(part: tuple[int, Sequence[str]], reply: Reply) -> bool:
            of_part[part[0]] = of_reply(reply)
            return True

        if in_processes(job, {}, parts, lambda part: part[1], keep):
            return [found for number, _ in parts for found in of_part[number]]
    with ThreadPoolExecutor(THREADS) as pool:
        return [found for part in pool.map(read, parts_of(paths)) for found in part]


def parts_of(paths: Sequence[str], size: int = FILES_AT_ONCE) -> list[Sequence[str]]:
    return [paths[start : start + size] for start in range(0, len(paths), size)]
