"""A task's head: how many numbers it gives, the targets of a batch, and their loss. Shared by backbones.

Which loss it is follows from what the task's `head_targets` gives: one class out of several, labels, or ratings.

A loss of ratings may be of the clips of a batch together (`trainables.tasks.rating_losses`, here with a graph). A batch
may hold the clips of several trainings (`trainables.packing`): each training's own are then together. Where memory, or
the shapes of its clips, divide a batch into several passes, `trainables.training.joint_loss` asks for the outputs of
all of them first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import torch
from torch import Tensor
from torch.nn import functional

from trainables.contract import Task
from trainables.tasks.rating_losses import EACH, FEWEST, HUBER_DELTA, LOSSES, SAME

Configuration = TypeVar("Configuration")

RATINGS = ("rating", "target_weight", "rating_weight", "loss_share")  # what a task of ratings gives
TOGETHER = "together"  # (B,) clips of the same number are together; left out: all are
SMALLEST = 1e-8  # squared spreads: a head that answers every clip alike has a gradient all the same
# In a batch that is one of several passes over clips that are together:
OUTPUTS = "outputs"  # the outputs are asked for, and no loss
GRADIENT = "output_gradient"  # (B, C) of the loss by the outputs; the loss is what has this gradient


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
    """(B,): each clip's loss of the head's `outputs` (B, C), at least in float32; with OUTPUTS those themselves.

    A batch's loss is their mean, over clips, not over weights: accumulating small batches equals one large batch where
    each clip has a loss of its own.
    """
    wide = outputs.to(torch.promote_types(outputs.dtype, torch.float32))
    if OUTPUTS in batch:
        return wide
    if GRADIENT in batch:
        return (wide * batch[GRADIENT]).sum(dim=1)
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


def _rating_losses(outputs: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
    """(B,): each clip's own losses, and beside them those of its batch, so that the mean over a batch is its loss. Each
    rating counts by its weight. With `mixed_targets` the ratings are mixed; one that either clip lacks has no part."""
    rating, own, weight = batch["rating"], batch["rating_weight"], batch["target_weight"]
    if "share" in batch:
        share = batch["share"][:, None]
        rating = share * rating + (1 - share) * batch["partner_rating"]
        both = batch["partner_rating_weight"] > 0
        own, weight = own * both, weight * both
    shares = dict(zip(LOSSES, batch["loss_share"][0].tolist(), strict=True))
    found = torch.zeros_like(outputs[:, 0])
    error = (outputs - rating).abs()
    for name in EACH:
        if shares[name]:
            found = found + shares[name] * (own * _OF_ERROR[name](error)).sum(dim=1)
    joint = {name: shares[name] for name in FEWEST if shares[name]}
    return found + _of_batches(outputs, rating, weight, joint, batch) if joint else found


def _of_batches(
    outputs: Tensor, rating: Tensor, weight: Tensor, joint: Mapping[str, float], batch: Mapping[str, Tensor]
) -> Tensor:
    """(B,): of each clip the sum of the losses of its batch."""
    if TOGETHER not in batch:
        return _joint(outputs, rating, weight, joint).expand(len(outputs))
    sizes = torch.unique_consecutive(batch[TOGETHER], return_counts=True)[1].tolist()
    parts = zip(*(torch.split(tensor, sizes) for tensor in (outputs, rating, weight)), strict=True)
    return torch.cat([_joint(own, wanted, counts, joint).expand(len(own)) for own, wanted, counts in parts])


def _joint(outputs: Tensor, rating: Tensor, weight: Tensor, joint: Mapping[str, float]) -> Tensor:
    """The sum of the losses of clips together, a scalar."""
    rated = (weight > 0).to(outputs.dtype)
    clips = rated.sum(dim=0)
    mean, answered = (_mean(values, rated, clips) for values in (rating, outputs))
    wanted, said = (rating - mean) * rated, (outputs - answered) * rated
    varies = _mean(wanted**2, rated, clips) > SAME * _mean(rating**2, rated, clips)
    by_rating = {
        "ccc": lambda: _ccc(wanted, said, rated, clips, (mean - answered) ** 2),
        "pearson": lambda: _pearson(wanted, said, rated, clips),
        "ranking": lambda: _ranking(rating, outputs, rated),
    }
    total = outputs.new_zeros(())
    for name, share in joint.items():
        counted = weight.amax(dim=0) * (varies & (clips >= FEWEST[name]))
        total = total + share * (counted * by_rating[name]()).sum() / counted.sum().clamp(min=SAME)
    return total


def _mean(values: Tensor, rated: Tensor, clips: Tensor) -> Tensor:
    """(D,) over the clips that have the rating."""
    return (values * rated).sum(dim=0) / clips.clamp(min=1)


def _ccc(wanted: Tensor, said: Tensor, rated: Tensor, clips: Tensor, apart: Tensor) -> Tensor:
    both = _mean(wanted**2, rated, clips) + _mean(said**2, rated, clips) + apart
    return 1 - 2 * _mean(wanted * said, rated, clips) / both.clamp(min=SMALLEST)


def _pearson(wanted: Tensor, said: Tensor, rated: Tensor, clips: Tensor) -> Tensor:
    spreads = _mean(wanted**2, rated, clips) * (_mean(said**2, rated, clips) + SMALLEST)
    return 1 - _mean(wanted * said, rated, clips) * spreads.clamp(min=SMALLEST**2).rsqrt()


def _ranking(rating: Tensor, outputs: Tensor, rated: Tensor) -> Tensor:
    """Each pair stands in (clips, clips, D) at the place of the clip that is rated higher."""
    above = (rating[:, None] > rating) * rated[:, None] * rated
    losses = functional.softplus(outputs - outputs[:, None])
    return (above * losses).sum(dim=(0, 1)) / above.sum(dim=(0, 1)).clamp(min=1)


def _huber(error: Tensor) -> Tensor:
    inside = error.clamp(max=HUBER_DELTA)
    return 0.5 * inside**2 + HUBER_DELTA * (error - inside)


_OF_ERROR: Mapping[str, Callable[[Tensor], Tensor]] = {"mse": torch.square, "huber": _huber, "mae": torch.abs}
