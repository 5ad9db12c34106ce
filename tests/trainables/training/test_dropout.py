"""Masks against nn.Dropout's mean and variance, and what they may and may not depend on."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from trainables.training.dropout import DropoutDraws, LaneDropout, blocks


def masks(
    *,
    seed: int = 1,
    epoch: int = 0,
    rows: tuple[int, ...] = (3, 5),
    layer: int = 2,
    p: float = 0.3,
    places: int = 7,
    dtype: torch.dtype = torch.float64,
    concatenated: bool = False,
) -> Tensor:
    """(clips, places, 4): what ones become."""
    draws = DropoutDraws(seed)
    draws.epoch, draws.rows = epoch, rows
    x = torch.ones(len(rows), places, 4, dtype=dtype)
    return LaneDropout(p, draws, layer, concatenated=concatenated)(x.flatten(0, 1) if concatenated else x).reshape(
        x.shape
    )


@pytest.mark.parametrize("p", [0.05, 0.1, 0.5, 0.9])
def test_the_share_that_is_dropped_and_the_mean_that_is_kept(p: float) -> None:
    drawn = masks(p=p, places=50_000)
    count = drawn.numel()
    dropped = (drawn == 0).double().mean().item()
    assert abs(dropped - p) < 5 * math.sqrt(p * (1 - p) / count)
    assert abs(drawn.mean().item() - 1.0) < 5 * math.sqrt(p / (1 - p) / count)
    assert drawn.unique().tolist() == pytest.approx([0.0, 1 / (1 - p)], rel=2e-4)  # 16 bits


def test_neighbouring_values_clips_layers_and_epochs_are_independent() -> None:
    rows = tuple(range(200))
    whole = masks(rows=rows, places=100, p=0.5)
    others = [
        whole.roll(1, dims=0),  # the clip before
        whole.roll(1, dims=1),
        whole.roll(1, dims=2),  # three of four such pairs come from one word of random bits
        masks(rows=rows, places=100, p=0.5, layer=3),
        masks(rows=rows, places=100, p=0.5, epoch=1),
        masks(rows=rows, places=100, p=0.5, seed=2),
    ]
    for other in others:
        correlation = torch.corrcoef(torch.stack([whole.flatten(), other.flatten()]))[0, 1].item()
        assert abs(correlation) < 5 / math.sqrt(whole.numel())


def test_a_mask_is_the_clips_own_whoever_passes_with_it() -> None:
    together = masks(rows=(3, 5, 9))
    alone = torch.cat([masks(rows=(row,)) for row in (3, 5, 9)])
    assert torch.equal(together, alone)
    assert torch.equal(masks(rows=(9, 3)), together[[2, 0]])


def test_a_longer_clips_mask_begins_with_a_shorter_ones() -> None:
    for places in (1, 6, 7):
        assert torch.equal(masks(places=9)[:, :places], masks(places=places))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_precision_drops_the_same_values(dtype: torch.dtype) -> None:
    assert torch.equal(masks(dtype=dtype) == 0, masks() == 0)


def test_what_hears_clips_as_one_sequence_draws_for_all_of_them() -> None:
    concatenated = masks(concatenated=True)
    assert torch.equal(concatenated, masks(concatenated=True))
    assert not torch.equal(concatenated, masks(concatenated=True, rows=(5, 3)))
    assert not torch.equal(concatenated, masks())


def test_windows_of_a_clip_share_its_draw() -> None:
    """Two windows a clip: 4 rows of 2 clips."""
    draws = DropoutDraws(1)
    draws.rows = (3, 5)
    windows = LaneDropout(0.3, draws, 2)(torch.ones(4, 3, 4, dtype=torch.float64))
    assert torch.equal(windows.reshape(2, 6, 4), masks(places=6))


def test_nothing_is_dropped_in_evaluation_nor_at_rate_0() -> None:
    x = torch.ones(2, 3)
    assert LaneDropout(0.5, DropoutDraws(1), 0).eval()(x) is x
    assert LaneDropout(0.0, DropoutDraws(1), 0)(x) is x


@pytest.mark.parametrize("shape", [(2, 4, 9), (2, 4, 3, 9)])
def test_before_a_convolution_time_is_the_last_axis(shape: tuple[int, ...]) -> None:
    draws = DropoutDraws(1)
    draws.rows = (3, 5)
    dropout = LaneDropout(0.3, draws, 2, time_last=True)
    longer, shorter = (dropout(torch.ones(*shape[:-1], frames)) for frames in (shape[-1], 6))
    assert torch.equal(longer[..., :6], shorter)
    assert torch.equal(masks(places=9).transpose(1, 2), dropout(torch.ones(2, 4, 9, dtype=torch.float64)))


def test_an_accelerators_masks_are_drawn_in_blocks_of_one_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its generator fills by the size of what it fills: whatever is asked for, blocks are whole. Drawn on the CPU."""
    monkeypatch.setattr("trainables.training.dropout.BLOCK", 100)

    def drawn(count: int) -> Tensor:
        return blocks(torch.empty(2, count), 0.7, (torch.Generator().manual_seed(seed) for seed in (1, 2)))

    whole = drawn(1000)
    assert [drawn(count).shape for count in (1, 100, 101)] == [(2, 100), (2, 100), (2, 200)]
    assert all(torch.equal(whole[:, :count], drawn(count)[:, :count]) for count in (1, 99, 100, 101, 250))
    assert not torch.equal(whole[0], whole[1])
    assert abs(whole.mean().item() - 0.7) < 5 * math.sqrt(0.7 * 0.3 / 2000)


@pytest.mark.parametrize("p", [0.05, 0.1, 0.3])
def test_the_scale_is_exact_in_bfloat16(p: float) -> None:
    """1 / (1 - p) itself is rounded by up to 0.4 % there; products are rounded one by one."""
    draws = DropoutDraws(1)
    draws.rows = (0,)
    x = torch.linspace(1, 2, 10_000, dtype=torch.bfloat16)[None, :, None]
    left = LaneDropout(p, draws, 0)(x)
    kept = left != 0
    ratio = left[kept].double().mean() / x[kept].double().mean()
    assert ratio.item() == pytest.approx(1 / (1 - p), rel=5e-4)
