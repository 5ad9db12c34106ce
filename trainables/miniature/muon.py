"""Muon (Jordan et al. 2024) as in torch.optim, in a precision of choice: torch's own orthogonalises in bfloat16 alone,
which a processor without instructions for it computes a hundred times slower than float32.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic iteration, as published
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Nesterov momentum whose step on a matrix is made orthogonal, at AdamW's step size (Liu et al. 2025, arXiv
    2502.16982). `dtype`: what the orthogonalisation is computed in."""

    def __init__(self, matrices: Iterable[Tensor], *, lr: float, momentum: float, dtype: torch.dtype) -> None:
        self.dtype = dtype
        super().__init__(matrices, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._step(matrix, matrix.grad, **group)

    def _step(self, matrix: Tensor, gradient: Tensor, *, lr: float, momentum: float, **_: Any) -> None:
        state = self.state[matrix]
        if not state:
            state["momentum"] = torch.zeros_like(gradient)
        state["momentum"].lerp_(gradient, 1 - momentum)
        update = orthogonal(gradient.lerp(state["momentum"], momentum), self.dtype)
        matrix.add_(update, alpha=-lr * (0.2 * math.sqrt(max(matrix.shape))))


def orthogonal(matrix: Tensor, dtype: torch.dtype) -> Tensor:
    """About U V^T of a matrix U S V^T, by Newton and Schulz: singular values come near 1, the smallest ones last."""
    wide = matrix.shape[0] <= matrix.shape[1]
    found = matrix.to(dtype, copy=True)
    found = found if wide else found.T
    found.div_(found.norm().clamp(min=1e-7))
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        gram = found @ found.T
        found = torch.addmm(found, torch.addmm(gram, gram, gram, beta=b, alpha=c), found, beta=a)
    return found if wide else found.T


def quick_dtype() -> torch.dtype:
    """bfloat16 where torch has quick products in it (oneDNN wants AVX-512), else float32. Asked of the processor and
    not measured as for sweeps: weights must not depend on how busy a machine was."""
    return torch.bfloat16 if torch.backends.cpu.get_cpu_capability() == "AVX512" else torch.float32
