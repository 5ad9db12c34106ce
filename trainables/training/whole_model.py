"""Lanes without an adapter, which train the model whole on a backbone that stays as it is for the others.

Each has copies of all weights that it trains, which stand in the backbone's place while the lane is active. The running
statistics of BatchNorm stay frozen, as for every lane.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from trainables.modeling.seeded import seeded_init
from trainables.training.fresh_heads import start
from trainables.training.own_weights import OwnWeights, Place, at_least_float32, places_of

WHOLE_WEIGHTS = "model.safetensors"  # what such a lane leaves


class WholeModels:
    """Such lanes on one model, each by its name."""

    def __init__(self, model: nn.Module, head_modules: Sequence[str], own: OwnWeights, *, new_heads: bool) -> None:
        """Before PEFT changes any name in the model."""
        self._anew = new_heads
        self._head_modules = list(head_modules)
        self._heads = {name: model.get_submodule(name) for name in head_modules}
        self._places = places_of(model)
        self._buffers = [
            Place(module, attribute, buffer=True)
            for module in model.modules()
            for attribute, buffer in module._buffers.items()
            if buffer is not None and buffer.is_floating_point()
        ]
        self._own = own
        self._trained: dict[str, dict[str, nn.Parameter]] = {}  # lane -> name in the model -> own weight

    def __contains__(self, name: object) -> bool:
        return name in self._trained

    def add(self, name: str, *, seed: int, fixed: Collection[str]) -> None:
        """With the shared weights in the model: copies of them but for `fixed`, and a head drawn from `seed`."""
        heads = self._new_heads(seed)
        trained: dict[str, nn.Parameter] = {}
        for weight_name, (place, *_) in self._places.items():
            shared = place.held
            if weight_name in fixed or not shared.is_floating_point():
                continue
            value = heads.get(weight_name, shared).detach().to(shared.device, at_least_float32(shared), copy=True)
            trained[weight_name] = nn.Parameter(value)
        self._trained[name] = trained
        own: dict[Place, Tensor] = {
            place: weight for weight_name, weight in trained.items() for place in self._places[weight_name]
        }
        # what weights are computed with, such as a batch norm's frozen statistics, has their format
        half = [place for place in self._buffers if place.held.dtype != at_least_float32(place.held)]
        self._own.hold(name, own | {place: place.held.to(at_least_float32(place.held)) for place in half})

    def _new_heads(self, seed: int) -> dict[str, Tensor]:
        """A lane's own, by the names in the model."""
        found: dict[str, Tensor] = {}
        with seeded_init(seed):
            for name, shared in self._heads.items():
                head = copy.deepcopy(shared)
                start(head, anew=self._anew)
                found |= {f"{name}.{inner}": weight.detach() for inner, weight in head.named_parameters()}
        return found

    def remove(self, name: str) -> None:
        del self._trained[name]

    def parameters(self, name: str) -> list[nn.Parameter]:
        return list(self._trained[name].values())

    def head_params(self, name: str) -> int:
        heads = tuple(f"{head}." for head in self._head_modules)
        return sum(own.numel() for weight, own in self._trained[name].items() if weight.startswith(heads))

    def tensors(self, name: str) -> dict[str, Tensor]:
        """Copies on the CPU."""
        return {weight: own.detach().to("cpu", copy=True).contiguous() for weight, own in self._trained[name].items()}

    @torch.no_grad()
    def load_tensors(self, name: str, tensors: Mapping[str, Tensor]) -> None:
        """Raises ValueError where a weight has no place, or none is there for one that is trained."""
        trained = self._trained[name]
        if wrong := sorted(trained.keys() ^ tensors.keys()):
            raise ValueError(f"weights of a whole model that fit no layer, or are missing: {wrong[:3]}")
        for weight, own in trained.items():
            own.copy_(tensors[weight])

    def save(self, name: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.tensors(name), folder / WHOLE_WEIGHTS, metadata={"format": "pt"})
