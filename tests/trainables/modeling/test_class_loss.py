"""The loss of a head with one logit per class, mixed targets included, is torch's cross-entropy."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from trainables import registry
from trainables.modeling.class_loss import class_losses, class_targets, mixed_targets


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, (0.5, 2.0, 1.5)])
def test_mixed_loss_is_torchs_cross_entropy_with_soft_targets(smoothing: float, weights: tuple[float, ...]) -> None:
    task = registry.task("classification", {"labels": ("a", "b", "c"), "class_weights": weights})
    own, partner, shares = ["a", "b", "c", "a"], ["b", "b", "a", "c"], [0.9, 0.3, 0.5, 1.0]
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    batch = class_targets(task, own) | mixed_targets(task, partner, shares)
    one_hot = torch.eye(3, dtype=torch.float64)

    def soft(labels: list[str]) -> Tensor:
        return one_hot[[task.labels.index(label) for label in labels]]  # type: ignore[attr-defined]

    share = torch.tensor(shares, dtype=torch.float64)[:, None]
    target = share * soft(own) + (1 - share) * soft(partner)
    loss = class_losses(logits, batch, label_smoothing=smoothing).mean()
    if weights is None:
        expected = functional.cross_entropy(logits, target, label_smoothing=smoothing)
        assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    elif smoothing == 0.0:  # torch smooths before it weighs, and ours weighs clips: without smoothing they are one
        expected = functional.cross_entropy(logits, target, torch.tensor(weights, dtype=torch.float64))
        assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    alone = class_targets(task, own) | mixed_targets(task, partner, [1.0] * 4)
    unmixed = class_losses(logits, class_targets(task, own), label_smoothing=smoothing).mean()
    assert class_losses(logits, alone, label_smoothing=smoothing).mean().item() == pytest.approx(
        unmixed.item(), rel=1e-12
    )
