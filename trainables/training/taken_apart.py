"""Adapters that begin from a part of the frozen weights and train beside the rest of them: PiSSA and OLoRA.

PEFT takes the part out of the weights that it finds. Here it finds copies, the lane's own, and the backbone that other
lanes share stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from trainables.training.adapter_kinds import Begun, on_plain_weights
from trainables.training.own_weights import OwnWeights, Place, at_least_float32

KEY = "begun."  # before the names of the matrices that an adapter began with, in a resume point


class TakenApart:
    """Such adapters on one model, each by its name; `own` holds the rest of their weights."""

    def __init__(self, model: nn.Module, own: OwnWeights) -> None:
        self.model = model
        self._own = own
        self._begun: dict[str, dict[str, Begun]] = {}  # adapter -> module -> its first pair

    def __contains__(self, name: object) -> bool:
        return name in self._begun

    def set_apart(self, name: str, targets: Sequence[str]) -> None:
        """Puts copies of the targets' weights into the model, for PEFT to take the adapter `name` out of."""
        modules = dict(self.model.named_modules())
        bases = [getattr(modules[target], "base_layer", None) or modules[target] for target in targets]
        places = [Place(base, "weight") for base in bases]
        # in float32: PEFT takes no other numbers apart without rounding the rest
        own = {at: nn.Parameter(at.held.detach().float().clone(), requires_grad=False) for at in places}
        self._own.hold(name, own)
        self._own.use(name)

    def began(self, name: str, layers: Mapping[str, LoraLayer]) -> None:
        """PEFT has taken the adapter out of these layers: keeps what it began with."""
        self._begun[name] = {}
        shared = self._shared(layers)
        for module_name, layer in layers.items():
            rest, dtype = layer.get_base_layer().weight, at_least_float32(shared[module_name])
            rest.data = rest.data.to(dtype)
            a, b = (matrix[name].to(dtype).weight.detach().clone() for matrix in (layer.lora_A, layer.lora_B))
            self._begun[name][module_name] = Begun(a, b)

    def load(self, name: str, layers: Mapping[str, LoraLayer], tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Begins from the pairs of a resume point, for another machine may take the weights apart a little otherwise.
        Returns the other tensors. With the lane's weights in the model."""
        shared = self._shared(layers)
        for module_name, layer in layers.items():
            rest, first = layer.get_base_layer().weight, self._begun[name][module_name]
            a, b = (tensors[f"{KEY}{matrix}.{module_name}"].to(rest) for matrix in "ab")
            if not (torch.equal(a, first.a) and torch.equal(b, first.b)):
                rest.data = shared[module_name].to(rest.dtype) - layer.scaling[name] * b @ a
                self._begun[name][module_name] = Begun(a, b)
        return {key: value for key, value in tensors.items() if not key.startswith(KEY)}

    def tensors(self, name: str) -> dict[str, Tensor]:
        """What `load` takes."""
        found: dict[str, Tensor] = {}
        for module_name, begun in self._begun[name].items():
            found |= {f"{KEY}a.{module_name}": begun.a, f"{KEY}b.{module_name}": begun.b}
        return found

    def to_plain_weights(self, name: str, folder: Path) -> None:
        """What PEFT saved of the adapter, rewritten for the weights as they are."""
        on_plain_weights(folder, self._begun[name])

    def remove(self, name: str) -> None:
        self._begun.pop(name, None)

    def _shared(self, layers: Mapping[str, LoraLayer]) -> dict[str, Tensor]:
        with self._own.put_back():
            return {name: layer.get_base_layer().weight.detach() for name, layer in layers.items()}
