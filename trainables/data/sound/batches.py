"""In which order clips are decoded: those of one file one after the other, so that it is opened and passed once."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence

from trainables.data.examples import Example

FILES_AT_ONCE = 64  # of a batch, which one thread decodes
MOST_THREADS = 4


def decoding_threads() -> int:
    """Decoding lets go of Python's lock."""
    return max(1, min(MOST_THREADS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2))


def batches(
    examples: Sequence[Example], numbers: Sequence[int], files_at_once: int = FILES_AT_ONCE
) -> Iterator[list[int]]:
    """The numbers of the examples, in parts: an example's file decides, and within a file where it starts."""
    files: dict[str, list[int]] = defaultdict(list)
    for number in numbers:
        files[examples[number].audio[0].path if examples[number].audio else ""].append(number)
    batch: list[int] = []
    for count, members in enumerate(files.values(), start=1):
        batch += sorted(members, key=lambda number: _start(examples[number]))
        if count % files_at_once == 0:
            yield batch
            batch = []
    if batch:
        yield batch


def _start(example: Example) -> float:
    return example.start_seconds + (example.audio[0].start_seconds if example.audio else 0.0)
