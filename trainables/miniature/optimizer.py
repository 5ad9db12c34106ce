"""The optimizers and the order of clips of one stage of pre-training."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from trainables.miniature.muon import Muon, quick_dtype


class Optimization(Protocol):
    """What a recipe says of one stage. Learning rates are peaks."""

    @property
    def batch_size(self) -> int: ...
    @property
    def matrix_learning_rate(self) -> float: ...
    @property
    def other_learning_rate(self) -> float: ...
    @property
    def warmup_share(self) -> float: ...


def training_steps(
    modules: Sequence[nn.Module], clips: int, steps: int, recipe: Optimization, rng: np.random.Generator
) -> Iterator[tuple[int, Tensor]]:
    """Yields (step, rows (B,)); the caller leaves gradients, the step is taken when the next one is asked for.

    Muon for the matrices inside layers, AdamW for embeddings, convolutions, heads, norms and biases: so few steps are
    enough only with Muon.
    """
    named = [item for module in modules for item in module.named_parameters() if item[1].requires_grad]
    matrices = [parameter for name, parameter in named if name.startswith("layers.") and parameter.dim() == 2]
    others = [parameter for name, parameter in named if not (name.startswith("layers.") and parameter.dim() == 2)]
    muon = Muon(matrices, lr=1.0, momentum=0.9, dtype=quick_dtype())
    adam = torch.optim.AdamW(others, lr=1.0, weight_decay=0.0, betas=(0.9, 0.98))
    peaks: tuple[tuple[torch.optim.Optimizer, float], ...] = (
        (muon, recipe.matrix_learning_rate),
        (adam, recipe.other_learning_rate),
    )
    order = np.empty(0, dtype=np.int64)
    for step in range(steps):
        if len(order) < recipe.batch_size:
            order = rng.permutation(clips)
        rows, order = order[: recipe.batch_size], order[recipe.batch_size :]
        for optimizer, peak in peaks:
            for group in optimizer.param_groups:
                group["lr"] = peak * _share_of_peak(step, steps, recipe.warmup_share)
        yield step, torch.from_numpy(rows)
        nn.utils.clip_grad_norm_([*matrices, *others], 1.0)
        for optimizer, _ in peaks:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)


def _share_of_peak(step: int, steps: int, warmup_share: float) -> float:
    warmup = max(1, round(warmup_share * steps))
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 + 0.5 * math.cos(math.pi * (step - warmup) / max(1, steps - warmup))
