"""A head with one logit per class: its size, the targets of a batch, and their loss. Shared by backbones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import torch
from torch import Tensor
from torch.nn import functional

from trainables.contract import Task

Configuration = TypeVar("Configuration")


def with_labels(config: Configuration, task: Task) -> Configuration:
    """A transformers configuration, set to one logit for each of the task's labels."""
    cast(Any, config).num_labels = len(cast(Any, task).labels)
    return config


def class_targets(task: Task, targets: Sequence[str]) -> dict[str, Tensor]:
    """`class_index` (B,) int64, and `clip_weight` (B,) float32 where the task weighs its classes."""
    classification = cast(Any, task)
    batch = {"class_index": torch.tensor([classification.labels.index(target) for target in targets])}
    weights = classification.weights_of(targets)
    return batch if weights is None else batch | {"clip_weight": torch.tensor(weights, dtype=torch.float32)}


def mixed_targets(task: Task, partners: Sequence[str], shares: Sequence[float]) -> dict[str, Tensor]:
    """What mixup adds to a batch: the partners' `class_targets` under `partner_`, and `share` (B,), the clips' own."""
    targets = class_targets(task, partners)
    return {f"partner_{name}": tensor for name, tensor in targets.items()} | {"share": torch.tensor(shares)}


def class_losses(logits: Tensor, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """(B,): (weight of the clip *) cross-entropy of each clip, at least in float32.

    A batch's loss is their mean, over clips, not over weights: accumulating small batches equals one large batch. With
    `mixed_targets` the target is `share` of the clip's class and the rest of its partner's, each with its own weight.
    """
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))

    def weighted(prefix: str) -> Tensor:
        target = batch[f"{prefix}class_index"]
        each = functional.cross_entropy(wide, target, label_smoothing=label_smoothing, reduction="none")
        return each * batch[f"{prefix}clip_weight"] if f"{prefix}clip_weight" in batch else each

    if "share" not in batch:
        return weighted("")
    # cross-entropy is linear in the target: that of a mixture is the mixture of cross-entropies
    return batch["share"] * weighted("") + (1 - batch["share"]) * weighted("partner_")
