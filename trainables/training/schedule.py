"""How long a training is, and in which order an epoch takes its clips. Loads no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from numpy.random import Generator

from trainables.config import TrialConfig

PARTS = 4  # an epoch is sorted in so many parts or more, so that a batch is not of the same clips every epoch
MOST_BATCHES = 50  # that are sorted together


def steps_per_epoch(config: TrialConfig, clips: int) -> int:
    """Optimizer steps in one pass over `clips` training clips; the last one of an epoch may be smaller."""
    return ceil(ceil(clips / config.batch_size) / config.gradient_accumulation)


def total_steps(config: TrialConfig, clips: int) -> int:
    steps = config.epochs * steps_per_epoch(config, clips)
    return steps if config.max_steps is None else min(steps, config.max_steps)


def planned_epochs(config: TrialConfig, clips: int) -> int:
    """Epochs until the last planned step; with `max_steps` the last epoch may be a part of one."""
    return ceil(total_steps(config, clips) / steps_per_epoch(config, clips))


def part_size(batch_size: int, parts: int) -> int:
    """Clips in a forward pass where a batch is cut into so many parts; at least 1."""
    return max(1, ceil(batch_size / parts))


def shuffled(clips: int, rng: Generator) -> list[int]:
    return [int(row) for row in rng.permutation(clips)]


def grouped_by_length(lengths: Sequence[int], batch_size: int, rng: Generator) -> list[int]:
    """Every row once, so that each `batch_size` in a row are of like length.

    As Hugging Face's `group_by_length`: shuffled, then sorted part by part, a part being 50 batches or a quarter of
    the epoch. Other than there the batches are shuffled again, so that the learning rate's schedule does not meet
    long clips first. A batch that is not full comes last.
    """
    rows = shuffled(len(lengths), rng)
    batches_in_part = min(MOST_BATCHES, max(2, len(rows) // (batch_size * PARTS)))
    parts = cut(rows, batches_in_part * batch_size)
    batches = cut([row for part in parts for row in by_length(part, lengths.__getitem__)], batch_size)
    full = len(rows) // batch_size
    places = [*shuffled(full, rng), *range(full, len(batches))]
    return [row for place in places for row in batches[place]]


def by_length(rows: Sequence[int], length: Callable[[int], int]) -> list[int]:
    """Short clips first; rows of one length stay in their order."""
    return sorted(rows, key=length)


def cut(rows: list[int], size: int) -> list[list[int]]:
    """Pieces of `size`; the last may be smaller."""
    return [rows[first : first + size] for first in range(0, len(rows), size)]
