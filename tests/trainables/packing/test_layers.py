"""Whose rows are whose in a joined batch. That packed layers compute what lanes alone compute is held by
tests/trainables/backbones/test_packed_equality.py for every backbone."""

from __future__ import annotations

import pytest
import torch

from trainables.packing.layers import Occupancy


def test_rows_are_shared_as_clips_are() -> None:
    assert Occupancy([0, 1], [3, 1]).sizes(4) == [3, 1]
    assert Occupancy([0, 1], [3, 1]).sizes(20) == [15, 5]  # five windows a clip


def test_rows_that_do_not_divide_are_a_fault() -> None:
    with pytest.raises(RuntimeError, match="5 rows of 4 clips"):
        Occupancy([0, 1], [3, 1]).sizes(5)


def test_a_stack_is_cut_to_the_lanes_at_work() -> None:
    stack = torch.arange(6.0).reshape(3, 2)
    assert Occupancy([0, 1, 2], [1, 1, 1]).of(stack) is stack
    assert Occupancy([0, 2], [1, 1]).of(stack).tolist() == [[0.0, 1.0], [4.0, 5.0]]
