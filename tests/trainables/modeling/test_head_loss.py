"""The loss of a task's head is torch's cross-entropy, its binary one, or Huber's loss; mixed targets included."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from trainables import registry
from trainables.modeling.head_loss import head_losses, head_targets, mixed_targets
from trainables.tasks.multilabel import MultiLabel
from trainables.tasks.regression import Regression


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, (0.5, 2.0, 1.5)])
def test_mixed_loss_is_torchs_cross_entropy_with_soft_targets(smoothing: float, weights: tuple[float, ...]) -> None:
    task = registry.task("classification", {"labels": ("a", "b", "c"), "class_weights": weights})
    own, partner, shares = ["a", "b", "c", "a"], ["b", "b", "a", "c"], [0.9, 0.3, 0.5, 1.0]
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    batch = head_targets(task, own) | mixed_targets(task, partner, shares)
    one_hot = torch.eye(3, dtype=torch.float64)

    def soft(labels: list[str]) -> Tensor:
        return one_hot[[task.labels.index(label) for label in labels]]  # type: ignore[attr-defined]

    share = torch.tensor(shares, dtype=torch.float64)[:, None]
    target = share * soft(own) + (1 - share) * soft(partner)
    loss = head_losses(logits, batch, label_smoothing=smoothing).mean()
    if weights is None:
        expected = functional.cross_entropy(logits, target, label_smoothing=smoothing)
        assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    elif smoothing == 0.0:  # torch smooths before it weighs, and ours weighs clips: without smoothing they are one
        expected = functional.cross_entropy(logits, target, torch.tensor(weights, dtype=torch.float64))
        assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    alone = head_targets(task, own) | mixed_targets(task, partner, [1.0] * 4)
    unmixed = head_losses(logits, head_targets(task, own), label_smoothing=smoothing).mean()
    assert head_losses(logits, alone, label_smoothing=smoothing).mean().item() == pytest.approx(
        unmixed.item(), rel=1e-12
    )


def test_labels_have_torchs_binary_cross_entropy_and_the_focal_loss_of_its_paper() -> None:
    logits = torch.tensor([[0.3, -2.0, 40.0], [-60.0, 1.0, 0.0]], requires_grad=True)
    targets = [["b"], ["a", "c"]]
    plain = MultiLabel(("a", "b", "c"), positive_weights=(2.0, 1.0, 3.0))
    wanted = functional.binary_cross_entropy_with_logits(
        logits,
        torch.tensor(plain.table(targets)).float(),
        reduction="none",
        pos_weight=torch.tensor([2.0, 1.0, 3.0]),
    ).mean(dim=1)
    found = head_losses(logits, head_targets(plain, targets), label_smoothing=0.0)
    torch.testing.assert_close(found, wanted)
    found.sum().backward()
    assert torch.isfinite(logits.grad).all()  # type: ignore[arg-type]

    tags, wide = torch.tensor(plain.table(targets)), logits.detach().double()
    right = torch.where(tags > 0, wide, -wide).sigmoid()  # probability of the right answer
    wanted = -((1 - right) ** 2 * right.log()).mean(dim=1)
    task = MultiLabel(("a", "b", "c"), loss="focal")
    focal = head_losses(logits, head_targets(task, targets), label_smoothing=0.0)
    torch.testing.assert_close(focal.double(), wanted, rtol=1e-4, atol=1e-5)


def test_mixed_labels_and_ratings_are_between_those_of_the_two_clips() -> None:
    outputs = torch.tensor([[0.5, -1.0]])
    tags = MultiLabel(("a", "b"))
    mixed = head_targets(tags, [["a"]]) | mixed_targets(tags, [["b"]], [0.25])
    wanted = functional.binary_cross_entropy_with_logits(outputs, torch.tensor([[0.25, 0.75]]))
    assert head_losses(outputs, mixed, label_smoothing=0.0).item() == pytest.approx(wanted.item())

    ratings = Regression(centre=(0.0, 0.0), spread=(1.0, 1.0))
    mixed = head_targets(ratings, [[1.0, 2.0]]) | mixed_targets(ratings, [[3.0, None]], [0.25])
    assert head_losses(outputs, mixed, label_smoothing=0.0).item() == pytest.approx(0.5 * (0.5 - 2.5) ** 2)
