"""A lane's resume point on disk: tensors in safetensors, the rest in JSON. No pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

TENSORS = "state.safetensors"
VALUES = "state.json"


def write_state(folder: Path, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, str(folder / TENSORS))
    (folder / VALUES).write_text(json.dumps(values))


def is_resume_point(folder: Path) -> bool:
    """Whether `write_state` wrote this folder; a run that is over leaves an adapter and predictions instead."""
    return (folder / VALUES).is_file()


def read_state(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    return load_file(str(folder / TENSORS)), json.loads((folder / VALUES).read_text())


def flatten_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The moments of an optimizer by `index.name`, on the CPU. Hyper-parameters are not state here: they come from the
    configuration and the schedule."""
    state = optimizer.state_dict()["state"]
    return {
        f"{index}.{name}": torch.as_tensor(value).detach().to("cpu", copy=True)
        for index, moments in state.items()
        for name, value in moments.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, flat: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in flat.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
