"""Random weights to start from, wide enough for models so narrow."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

EMBEDDING_SCALE = 0.5


@torch.no_grad()
def initialise(model: nn.Module, rng: np.random.Generator) -> None:
    """In place. Matrices 1/sqrt(fan in), half of that where a residual branch ends; sinusoids for the tower."""
    for name, parameter in model.named_parameters():
        if name.endswith("embed_positions.weight"):
            parameter.copy_(_sinusoids(*parameter.shape))
        elif name.endswith("embed_tokens.weight"):
            parameter.copy_(_normal(rng, parameter, EMBEDDING_SCALE))
        elif parameter.dim() >= 2:
            ends_branch = name.endswith(("out_proj.weight", "o_proj.weight", "fc2.weight", "down_proj.weight"))
            scale = (0.5 if ends_branch else 1.0) / math.sqrt(parameter[0].numel())
            parameter.copy_(_normal(rng, parameter, scale))
        else:
            parameter.fill_(0.0 if name.endswith("bias") else 1.0)  # biases, gains of norms


def _normal(rng: np.random.Generator, like: Tensor, scale: float) -> Tensor:
    return torch.from_numpy(rng.normal(0.0, scale, tuple(like.shape)).astype(np.float32))


def _sinusoids(count: int, width: int) -> Tensor:
    """(count, width), as Whisper's encoder has them."""
    rates = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(count)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)
