"""In which order clips are decoded: those of one file one after the other, so that it is opened and passed once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from trainables.data.examples import Example

FILES_AT_ONCE = 64  # of a batch, which one thread decodes


def batches(examples: Sequence[Example], numbers: Sequence[int]) -> Iterator[list[int]]:
    """The numbers of the examples, in parts: an example's file decides, and within a file where it starts."""
    files: dict[str, list[int]] = defaultdict(list)
    for number in numbers:
        files[examples[number].audio[0].path if examples[number].audio else ""].append(number)
    batch: list[int] = []
    for count, members in enumerate(files.values(), start=1):
        batch += sorted(members, key=lambda number: _start(examples[number]))
        if count % FILES_AT_ONCE == 0:
            yield batch
            batch = []
    if batch:
        yield batch


def _start(example: Example) -> float:
    return example.start_seconds + (example.audio[0].start_seconds if example.audio else 0.0)
