"""Training a head with one logit per class: the targets of a batch, and their loss. Shared by backbones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional

from trainables.contract import Task


def class_targets(task: Task, targets: Sequence[str]) -> dict[str, Tensor]:
    """`class_index` (B,) int64, and `clip_weight` (B,) float32 where the task weighs its classes."""
    classification = cast(Any, task)
    batch = {"class_index": torch.tensor([classification.labels.index(target) for target in targets])}
    weights = classification.weights_of(targets)
    return batch if weights is None else batch | {"clip_weight": torch.tensor(weights, dtype=torch.float32)}


def class_loss(logits: Tensor, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """Mean over clips of (weight of the clip *) cross-entropy, at least in float32; a scalar.

    The mean is over clips, not over weights: accumulating small batches equals one large batch.
    """
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    each = functional.cross_entropy(wide, batch["class_index"], label_smoothing=label_smoothing, reduction="none")
    return (each * batch["clip_weight"]).mean() if "clip_weight" in batch else each.mean()
