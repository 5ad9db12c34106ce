"""Gradient checkpointing for networks of our own, as transformers' classes have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class Network(nn.Module):
    """Layers called through `run` are computed again in the backward pass once checkpointing is on, and not kept."""

    recomputes = False

    def activation_checkpointing_enable(self, activation_checkpointing_kwargs: Mapping[str, Any] | None = None) -> None:
        """Named and called as transformers' own. Nothing here draws random numbers but adapters, whose draws repeat."""
        del activation_checkpointing_kwargs  # never re-entrant
        self.recomputes = True

    def run(self, layer: nn.Module, *inputs: Tensor | None) -> Tensor:
        if self.recomputes and self.training:
            out = checkpoint(layer, *inputs, use_reentrant=False, preserve_rng_state=False)
        else:
            out = layer(*inputs)
        assert isinstance(out, Tensor)
        return out
