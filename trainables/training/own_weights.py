"""Weights of a lane that stand in the frozen backbone's place while the lane is active, and only then.

A lane that trains the model whole, and one whose adapter begins from a part of the weights (PiSSA, OLoRA) and trains
beside the rest of them, have such weights. The shared ones are never written to: parameters change places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Place:
    """Where a module holds a parameter, or a buffer."""

    module: nn.Module
    attribute: str
    buffer: bool = False

    @property
    def held(self) -> Tensor:
        found = (self.module._buffers if self.buffer else self.module._parameters)[self.attribute]
        assert found is not None
        return found

    def put(self, held: Tensor) -> None:
        if isinstance(held, nn.Parameter):
            self.module._parameters[self.attribute] = held
        else:
            self.module._buffers[self.attribute] = held


class OwnWeights:
    """Several lanes' own weights on one model; those of at most one lane are in it."""

    def __init__(self) -> None:
        self._own: dict[str, list[tuple[Place, Tensor]]] = {}
        self._shared: list[tuple[Place, Tensor]] = []  # what the active lane's stand in for
        self._active = ""

    def hold(self, lane: str, own: Mapping[Place, Tensor]) -> None:
        self._own[lane] = list(own.items())

    def use(self, lane: str) -> None:
        """Puts the shared weights back, and then in their place those of this lane, if it has any."""
        for place, held in self._shared:
            place.put(held)
        self._shared = []
        for place, own in self._own.get(lane, ()):
            self._shared.append((place, place.held))
            place.put(own)
        self._active = lane

    def drop(self, lane: str) -> None:
        if lane == self._active:
            self.use("")
        self._own.pop(lane, None)

    @contextmanager
    def put_back(self) -> Iterator[None]:
        """Inside, the model has the shared weights."""
        active = self._active
        self.use("")
        try:
            yield
        finally:
            self.use(active)


def places_of(model: nn.Module) -> dict[str, list[Place]]:
    """Every parameter by its name, with each place that holds it; a shared (tied) one has several."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found: dict[str, list[Place]] = {}
    for module in model.modules():
        for attribute, parameter in module._parameters.items():
            if parameter is not None:
                found.setdefault(names[id(parameter)], []).append(Place(module, attribute))
    return found


def at_least_float32(parameter: Tensor) -> torch.dtype:
    """What is trained is kept in float32 at least, as PEFT keeps adapters."""
    return torch.promote_types(parameter.dtype, torch.float32)
