"""Every clip once an epoch, in an order that depends on the generator alone; by length where that is wanted."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainables.training.order import by_length, cut, grouped_by_length, shuffled


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
