"""Steps and epochs are counted; every clip comes once an epoch, in an order that depends on the generator alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.config import TrialConfig
from trainables.training.schedule import (
    by_length,
    cut,
    grouped_by_length,
    part_size,
    planned_epochs,
    shuffled,
    steps_per_epoch,
    total_steps,
)


@pytest.mark.parametrize(
    ("clips", "max_steps", "expected"),  # steps per epoch, in all, epochs: with 2 batches of 4 clips a step
    [(16, None, (2, 6, 3)), (17, None, (3, 9, 3)), (24, None, (3, 9, 3)), (16, 3, (2, 3, 2)), (16, 100, (2, 6, 3))],
)
def test_steps_and_epochs_are_counted(clips: int, max_steps: int | None, expected: tuple[int, int, int]) -> None:
    config = TrialConfig("ast", "base", batch_size=4, gradient_accumulation=2, epochs=3, max_steps=max_steps)
    assert (steps_per_epoch(config, clips), total_steps(config, clips), planned_epochs(config, clips)) == expected


def test_a_batch_is_cut_into_parts_that_hold_a_clip_at_least() -> None:
    assert [part_size(8, parts) for parts in (1, 2, 3, 16)] == [8, 4, 3, 1]


@given(st.lists(st.integers(1, 50), max_size=200), st.integers(1, 20), st.integers(0, 9))
def test_every_clip_comes_once_in_batches_of_like_length(lengths: list[int], batch_size: int, seed: int) -> None:
    rows = grouped_by_length(lengths, batch_size, np.random.default_rng(seed))
    assert sorted(rows) == list(range(len(lengths)))
    assert rows == grouped_by_length(lengths, batch_size, np.random.default_rng(seed))


def test_less_is_padded_and_no_epoch_is_like_another() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 1000, 512).tolist()

    def padded_share(rows: list[int]) -> float:
        batches = [[lengths[row] for row in batch] for batch in cut(rows, 8)]
        return 1 - sum(map(sum, batches)) / sum(8 * max(batch) for batch in batches)

    first, second = (grouped_by_length(lengths, 8, rng) for _ in range(2))
    assert padded_share(first) < 0.1 < 0.4 < padded_share(shuffled(512, rng))
    assert {frozenset(batch) for batch in cut(first, 8)} != {frozenset(batch) for batch in cut(second, 8)}
    longest = [max(lengths[row] for row in batch) for batch in cut(first, 8)]
    assert longest != sorted(longest)
    assert longest != sorted(longest, reverse=True)


def test_a_batch_that_is_not_full_comes_last() -> None:
    rows = grouped_by_length([5, 1, 4, 2, 3, 9, 8], 3, np.random.default_rng(1))
    assert [len(batch) for batch in cut(rows, 3)] == [3, 3, 1]


def test_rows_of_one_length_stay_in_their_order() -> None:
    lengths = [2, 1, 2, 1]
    assert by_length([2, 0, 3, 1], lengths.__getitem__) == [3, 1, 2, 0]
