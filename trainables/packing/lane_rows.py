"""The trained parameters of several lanes as one matrix, a row for each lane, and AdamW on all of them at once.

A lane of a lower rank, or without an adapter where another has one, is padded with zeros. They stay exactly zero: the
gradient of A is B's times something, that of B is A's, and both are zero there; AdamW moves nothing by zero.

A pack holds copies for an epoch. `take` fills them from a lane and its optimizer, `give` writes them back; between two
epochs every lane is whole by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Slot:
    """One parameter of every lane: where it stands in a row, at the largest size that any lane has."""

    start: int
    shape: tuple[int, ...]
    own: Sequence[nn.Parameter | None]  # by lane; None: this lane has none

    @property
    def size(self) -> int:
        return prod(self.shape)


class LaneRows:
    """Slots side by side: `weights`, `gradients` and AdamW's two moments, each (lanes, columns)."""

    def __init__(self, lanes: int, dtype: torch.dtype, device: torch.device) -> None:
        self.lanes = lanes
        self.dtype = dtype
        self.device = device
        self.slots: list[Slot] = []
        self.columns = 0
        self._leaves: list[tuple[Slot, Tensor]] = []

    def reserve(self, own: Sequence[nn.Parameter | None], shapes: Sequence[tuple[int, ...] | None]) -> Slot:
        """A slot for one parameter of each lane, seen as `shapes`; before `take`."""
        given = [shape for shape in shapes if shape is not None]
        slot = Slot(self.columns, tuple(map(max, zip(*given, strict=True))), own)
        self.slots.append(slot)
        self.columns += slot.size
        return slot

    def take(self, optimizers: Sequence[torch.optim.Optimizer]) -> None:
        """Copies every lane's parameters and moments."""
        self.weights, self.gradients, self.first, self.second = (
            torch.zeros(self.lanes, self.columns, dtype=self.dtype, device=self.device) for _ in range(4)
        )
        with torch.no_grad():
            for lane, optimizer in enumerate(optimizers):
                for slot, parameter in self._of(lane):
                    part = self._part(self.weights, lane, slot, parameter)
                    part.copy_(parameter.view(part.shape))
                    if moments := optimizer.state.get(parameter):
                        self._part(self.first, lane, slot, parameter).copy_(moments["exp_avg"].view(part.shape))
                        self._part(self.second, lane, slot, parameter).copy_(moments["exp_avg_sq"].view(part.shape))
        self._take_groups(optimizers)

    def _take_groups(self, optimizers: Sequence[torch.optim.Optimizer]) -> None:
        """Where an optimizer has groups (LoRA+): how much faster than its first group each column of a lane learns,
        and its decay; (lanes, columns) each."""
        self.faster: Tensor | None = None
        if all(len(optimizer.param_groups) == 1 for optimizer in optimizers):
            return
        self.faster, self.decays = torch.ones_like(self.weights), torch.zeros_like(self.weights)
        for lane, optimizer in enumerate(optimizers):
            first, *_ = groups = optimizer.param_groups
            group_of = {id(parameter): group for group in groups for parameter in group["params"]}
            for slot, parameter in self._of(lane):
                group = group_of[id(parameter)]
                faster = group["initial_lr"] / first["initial_lr"]
                self._part(self.faster, lane, slot, parameter).fill_(faster)
                self._part(self.decays, lane, slot, parameter).fill_(group["weight_decay"])

    def give(self, lane: int, optimizer: torch.optim.Optimizer, steps: int) -> None:
        """Writes a lane's parameters and moments back; `steps` counts all that it has taken."""
        with torch.no_grad():
            for slot, parameter in self._of(lane):
                parts = [
                    self._part(rows, lane, slot, parameter).reshape(parameter.shape)
                    for rows in (self.weights, self.first, self.second)
                ]
                parameter.copy_(parts[0])
                if parameter not in optimizer.state:
                    fresh: dict[str, Any] = {"step": torch.tensor(0.0)}
                    optimizer.state[parameter] = fresh | {
                        "exp_avg": torch.zeros_like(parameter),
                        "exp_avg_sq": torch.zeros_like(parameter),
                    }
                state = optimizer.state[parameter]
                state["step"].fill_(steps)
                state["exp_avg"].copy_(parts[1])
                state["exp_avg_sq"].copy_(parts[2])

    def leaf(self, slot: Slot) -> Tensor:
        """(lanes, *shape) of `weights`, to compute with."""
        leaf = self._stack(self.weights, slot).detach().requires_grad_()
        self._leaves.append((slot, leaf))
        return leaf

    def backward(self, loss: Tensor) -> None:
        """Adds the gradient of a scalar to `gradients`."""
        found = torch.autograd.grad(loss, [leaf for _, leaf in self._leaves], allow_unused=True)
        for (slot, _), gradient in zip(self._leaves, found, strict=True):
            if gradient is not None:
                self._stack(self.gradients, slot).add_(gradient)

    @torch.no_grad()
    def clip(self, most: Tensor) -> None:
        """Scales every lane's gradient to a norm of at most `most`, as torch's clip_grad_norm_ does.

        `most` is (lanes, 1), on the CPU.
        """
        norms = torch.linalg.vector_norm(self.gradients, dim=1, keepdim=True)
        self.gradients.mul_((most.to(norms) / (norms + 1e-6)).clamp(max=1.0))

    @torch.no_grad()
    def adamw(
        self, steps: Tensor, rates: Tensor, decays: Tensor, active: Tensor, betas: tuple[float, float], epsilon: float
    ) -> None:
        """One step of AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) for the lanes that are `active` (1 or 0).

        `steps` counts from 1; all are (lanes, 1), float64 on the CPU. `rates` are those of each optimizer's first
        group; `decays` of those that have one group.
        """
        keep = (1 - active * rates * decays).to(self.weights)
        to_first, to_second = ((active * (1 - beta)).to(self.weights) for beta in betas)
        length = (active * rates / (1 - betas[0] ** steps)).to(self.weights)
        if self.faster is not None:
            keep = 1 - (active * rates).to(self.weights) * self.faster * self.decays
            length = length * self.faster
        root = (1 - betas[1] ** steps).sqrt().to(self.weights)
        self.weights.mul_(keep)
        self.first.lerp_(self.gradients, to_first.expand_as(self.first))
        self.second.lerp_(self.gradients.square(), to_second.expand_as(self.second))
        denominator = self.second.sqrt().div_(root).add_(epsilon)
        self.weights.sub_(denominator.reciprocal_().mul_(self.first).mul_(length))
        self.gradients.zero_()

    def _of(self, lane: int) -> list[tuple[Slot, nn.Parameter]]:
        return [(slot, own) for slot in self.slots if (own := slot.own[lane]) is not None]

    def _stack(self, rows: Tensor, slot: Slot) -> Tensor:
        return torch.unflatten(rows[:, slot.start : slot.start + slot.size], 1, slot.shape)

    def _part(self, rows: Tensor, lane: int, slot: Slot, parameter: nn.Parameter) -> Tensor:
        """The lane's own part of a slot, without the padding."""
        part = self._stack(rows, slot)[lane]
        # a pointwise filter's (rank, in, 1, 1) stands here as (rank, in)
        for axis, length in enumerate(parameter.shape[: part.dim()]):
            part = part.narrow(axis, 0, length)
        return part
