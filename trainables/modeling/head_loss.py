"""A task's head: how many numbers it gives, the targets of a batch, and their loss. Shared by backbones.

Which loss it is follows from what the task's `head_targets` gives: one class out of several, labels, or ratings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import torch
from torch import Tensor
from torch.nn import functional

from trainables.contract import Task

Configuration = TypeVar("Configuration")


def head_outputs(task: Task) -> int:
    """How many numbers the head gives of a clip."""
    return int(cast(Any, task).head_outputs)


def with_labels(config: Configuration, task: Task) -> Configuration:
    """A transformers configuration, set to a head of the task's size."""
    cast(Any, config).num_labels = head_outputs(task)
    return config


def head_targets(task: Task, targets: Sequence[Any]) -> dict[str, Tensor]:
    """What the task of this name gives, as tensors."""
    return {name: torch.from_numpy(values) for name, values in cast(Any, task).head_targets(targets).items()}


def mixed_targets(task: Task, partners: Sequence[Any], shares: Sequence[float]) -> dict[str, Tensor]:
    """What mixup adds to a batch: the partners' `head_targets` under `partner_`, and `share` (B,), the clips' own."""
    targets = head_targets(task, partners)
    return {f"partner_{name}": tensor for name, tensor in targets.items()} | {"share": torch.tensor(shares)}


def head_losses(outputs: Tensor, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """(B,): each clip's loss of the head's `outputs` (B, C), at least in float32.

    A batch's loss is their mean, over clips, not over weights: accumulating small batches equals one large batch.
    """
    wide = outputs.to(torch.promote_types(outputs.dtype, torch.float32))
    if "rating" in batch:
        return _rating_losses(wide, batch)
    if "tags" in batch:
        return _tag_losses(wide, batch)
    return _cross_entropies(wide, batch, label_smoothing)


def _cross_entropies(logits: Tensor, batch: Mapping[str, Tensor], label_smoothing: float) -> Tensor:
    """(Weight of the clip *) cross-entropy. With `mixed_targets` the target is `share` of the clip's class and the rest
    of its partner's, each with its own weight."""

    def weighted(prefix: str) -> Tensor:
        target = batch[f"{prefix}class_index"]
        each = functional.cross_entropy(logits, target, label_smoothing=label_smoothing, reduction="none")
        return each * batch[f"{prefix}clip_weight"] if f"{prefix}clip_weight" in batch else each

    if "share" not in batch:
        return weighted("")
    # cross-entropy is linear in the target: that of a mixture is the mixture of cross-entropies
    return batch["share"] * weighted("") + (1 - batch["share"]) * weighted("partner_")


def _rating_losses(outputs: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
    """Huber's loss (Huber 1964), in `error_scale`, of each rating, summed over ratings by `rating_weight`. With
    `mixed_targets` the ratings are mixed; one that either clip lacks has no part."""
    rating, weight = batch["rating"], batch["rating_weight"]
    if "share" in batch:
        share = batch["share"][:, None]
        rating = share * rating + (1 - share) * batch["partner_rating"]
        weight = weight * (batch["partner_rating_weight"] > 0)
    error, delta = (outputs - rating).abs(), batch["huber_delta"][:, None]
    inside = torch.minimum(error, delta)
    losses = 0.5 * inside**2 + delta * (error - inside)
    return batch["error_scale"] * (weight * losses).sum(dim=1)


def _tag_losses(logits: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
    """Binary cross-entropy, the mean over labels, those that a clip has by `tag_weight`; by (1 - p)^gamma of the right
    answer's probability p where `focal_gamma` says so. With `mixed_targets` the labels are mixed."""
    tags = batch["tags"]
    if "share" in batch:
        share = batch["share"][:, None]
        tags = share * tags + (1 - share) * batch["partner_tags"]
    heard, absent = functional.logsigmoid(logits), functional.logsigmoid(-logits)
    gamma = batch["focal_gamma"][:, None]
    losses = batch["tag_weight"] * tags * heard * absent.exp() ** gamma + (1 - tags) * absent * heard.exp() ** gamma
    return -losses.mean(dim=1)
