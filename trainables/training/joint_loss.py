"""A loss that is of the clips of a batch together, where the batch takes several forward passes.

Each pass is made twice: first without a graph, so that the outputs of all clips are there and with them the loss and
its gradient by every output; then with one, to take that gradient back. The gradient is that of the whole batch, and
memory holds the graph of one pass (Gao et al. 2021, "Scaling deep contrastive learning batch size under memory limited
setup", arXiv 2101.06983).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from trainables.modeling.head_loss import GRADIENT, OUTPUTS, RATINGS, head_losses
from trainables.training.batch import ClipBatch
from trainables.training.engine import Engine

MIXED = ("share", *(f"partner_{name}" for name in RATINGS))


def learn_in_passes(
    engine: Engine, heard: Callable[[list[int]], ClipBatch], passes: Sequence[list[int]], share: float
) -> float:
    """Adds `share` of the gradient of the mean loss of all clips of the passes to the active adapter's. `heard` gives
    the clips of a pass, the same each time. Returns the loss."""
    first = [_answered(engine, heard(rows)) for rows in passes]
    outputs = torch.cat([own for own, _ in first]).requires_grad_()
    targets = {name: torch.cat([own[name] for _, own in first]) for name in first[0][1]}
    loss = head_losses(outputs, targets, label_smoothing=0.0).mean()
    (gradient,) = torch.autograd.grad(loss, outputs)
    for rows, own in zip(passes, torch.split(gradient, [len(rows) for rows in passes]), strict=True):
        clips = heard(rows)
        batch = engine.collated(clips) | {GRADIENT: own}
        with engine.accelerator.autocast(), engine.without_prefix(clips):
            along = engine.backbone.clip_losses(engine.model, batch, label_smoothing=0.0).sum()
        engine.accelerator.backward(along * share)
    return float(loss.detach())


@torch.no_grad()
def _answered(engine: Engine, clips: ClipBatch) -> tuple[Tensor, dict[str, Tensor]]:
    """(B, C) outputs in training, and of the batch what the loss takes besides."""
    batch = engine.collated(clips)
    with engine.accelerator.autocast(), engine.without_prefix(clips):
        outputs = engine.backbone.clip_losses(engine.model, batch | {OUTPUTS: batch["rating"]}, label_smoothing=0.0)
    return outputs.detach(), {name: batch[name] for name in (*RATINGS, *MIXED) if name in batch}
