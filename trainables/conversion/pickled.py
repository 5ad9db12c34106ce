"""Weights that were pickled, read by torch's reader of tensors alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from trainables.errors import InputError


def read_tensors(files: Sequence[Path]) -> tuple[dict[str, Tensor], int]:
    """The tensors of these files by name, and how many names were left out because an earlier one has their memory.

    Raises InputError: a file is damaged, or holds something other than tensors.
    """
    found: dict[str, Tensor] = {}
    for path in files:
        try:
            said = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # torch raises many kinds
            reason = (str(error) or type(error).__name__).strip().splitlines()[0]
            raise InputError(f"{path}: cannot be read as tensors alone ({reason}).") from None
        said = said.get("state_dict", said) if isinstance(said, dict) else said
        if not isinstance(said, dict) or not all(isinstance(value, Tensor) for value in said.values()):
            raise InputError(f"{path}: holds something other than a mapping of names to tensors.")
        found |= said
    kept: dict[str, Tensor] = {}
    places: set[tuple[int, int, torch.Size, tuple[int, ...]]] = set()
    for name, tensor in found.items():
        place = (tensor.untyped_storage().data_ptr(), int(tensor.storage_offset()), tensor.shape, tensor.stride())
        if place not in places or not tensor.numel():
            kept[name] = tensor.clone().contiguous()  # a view of a shared storage would be refused
        places.add(place)
    return kept, len(found) - len(kept)
