"""AdamW and clipping on rows of lanes against torch's own, one optimizer a lane."""

from __future__ import annotations

import torch
from torch import nn

from trainables.packing.lane_rows import LaneRows

RATES, DECAYS, NORMS = [1e-2, 3e-3, 1e-1], [0.0, 0.1, 0.01], [0.5, float("inf"), 1e-3]
SHAPES = [(2, 5), (4, 5), (3, 5)]  # of the same matrix: lanes of three ranks


def column(values: list[float]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


def test_adamw_and_clipping_are_torchs_for_lanes_that_come_late_and_pause() -> None:
    """The lanes have taken 0, 0 and 2 steps before; in every third step the second one has nothing to learn."""
    generator = torch.Generator().manual_seed(0)
    start = [torch.randn(*shape, dtype=torch.float64, generator=generator) for shape in SHAPES]
    alone, own = ([nn.Parameter(tensor.clone()) for tensor in start] for _ in range(2))
    references, optimizers = (
        [torch.optim.AdamW([p], lr=r, weight_decay=d) for p, r, d in zip(parameters, RATES, DECAYS, strict=True)]
        for parameters in (alone, own)
    )

    def reference_step(lane: int, gradient: torch.Tensor, optimizer: torch.optim.Optimizer, p: nn.Parameter) -> None:
        p.grad = gradient.clone()
        nn.utils.clip_grad_norm_([p], NORMS[lane])
        optimizer.step()

    for _ in range(2):
        gradient = torch.randn(*SHAPES[2], dtype=torch.float64, generator=generator)
        reference_step(2, gradient, references[2], alone[2])
        reference_step(2, gradient, optimizers[2], own[2])

    rows = LaneRows(3, torch.float64, torch.device("cpu"))
    slot = rows.reserve(own, SHAPES)
    assert slot.shape == (4, 5)
    rows.take(optimizers)
    leaf = rows.leaf(slot)
    steps = [0, 0, 2]
    for round_ in range(30):
        active = [1.0, float(round_ % 3 > 0), 1.0]
        gradients = [torch.randn(*shape, dtype=torch.float64, generator=generator) for shape in SHAPES]
        padded = torch.zeros(3, 4, 5, dtype=torch.float64)
        for lane, gradient in enumerate(gradients):
            if active[lane]:
                padded[lane, : len(gradient)] = gradient
                reference_step(lane, gradient, references[lane], alone[lane])
        rows.backward((leaf * padded).sum())
        rows.clip(column(NORMS))
        rows.adamw(
            column([step + 1 for step in steps]), column(RATES), column(DECAYS), column(active), (0.9, 0.999), 1e-8
        )
        steps = [step + int(on) for step, on in zip(steps, active, strict=True)]
    for lane in range(3):
        rows.give(lane, optimizers[lane], steps[lane])
        torch.testing.assert_close(own[lane], alone[lane], rtol=0, atol=1e-12)
        for name, value in references[lane].state[alone[lane]].items():
            torch.testing.assert_close(optimizers[lane].state[own[lane]][name], value, rtol=0, atol=1e-12)
        outside = leaf[lane, len(alone[lane]) :]
        assert torch.equal(outside, torch.zeros_like(outside))


def test_a_row_that_is_no_number_any_more_spoils_no_other() -> None:
    own = [nn.Parameter(torch.ones(2, 2)) for _ in range(2)]
    optimizers = [torch.optim.AdamW([parameter]) for parameter in own]
    rows = LaneRows(2, torch.float32, torch.device("cpu"))
    leaf_slot = rows.reserve(own, [(2, 2), (2, 2)])
    rows.take(optimizers)
    leaf = rows.leaf(leaf_slot)
    rows.backward((leaf * torch.tensor([float("nan"), 1.0])[:, None, None]).sum())
    rows.clip(column([1.0, 1.0]))
    ones = column([1.0, 1.0])
    rows.adamw(ones, ones * 0.1, ones * 0.0, ones, (0.9, 0.999), 1e-8)
    assert leaf[0].isnan().all()
    torch.testing.assert_close(leaf[1], torch.full((2, 2), 0.9))
