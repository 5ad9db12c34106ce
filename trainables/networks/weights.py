"""Weights of networks of our own: from files, to files, frozen. transformers' classes bring this along."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from pickle import UnpicklingError  # the name of an error; nothing is unpickled
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from trainables.errors import InputError
from trainables.modeling.checkpoints import CONFIG, WEIGHTS

HEAD_SEED = 0
SHOWN = 3  # names in an error


def read_weights(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """(configuration, weights by name) of a folder (`config.json`, `model.safetensors`) or of a file: safetensors,
    or what `torch.save` wrote - `{"cfg", "model"}`, or weights alone - read without unpickling code.

    A file without configuration gives an empty one. Raises InputError where the file is none of these.
    """
    try:
        if path.is_dir():
            return json.loads((path / CONFIG).read_text(encoding="utf-8")), load_file(path / WEIGHTS)
        if path.suffix == ".safetensors":
            return {}, load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, ValueError, RuntimeError, EOFError, SafetensorError, UnpicklingError) as error:
        reason = str(error).partition("\n")[0] or "it ends at once"
        if isinstance(error, UnpicklingError):
            reason = "it is no file of tensors and plain values alone, and no code in it is run"
        raise InputError(f"{path}: no weights can be read from it ({reason}).") from error
    if not isinstance(content, dict):
        content = {}
    config, weights = ({}, content) if "model" not in content else (content.get("cfg", {}), content["model"])
    if not weights or not all(isinstance(value, Tensor) for value in weights.values()):
        raise InputError(
            f'{path}: expected {{"cfg", "model"}} or weights by name; it holds {_shown(content) or "neither"}.'
        )
    return dict(config), dict(weights)


def write_weights(folder: Path, config: Mapping[str, Any], model: nn.Module) -> None:
    """Writes a folder that `read_weights` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    # a tensor that has several names stands in the file under each, as in published files
    save_file(
        {name: tensor.detach().clone().contiguous() for name, tensor in model.state_dict().items()}, folder / WEIGHTS
    )


def fill(model: nn.Module, weights: Mapping[str, Tensor], *, head: str, source: Path) -> None:
    """Gives a model on the `meta` device its weights, in float32.

    `head` is a Linear. Whatever the file holds of it was for other labels: it starts anew, every time the same.

    Raises InputError where names or shapes are not the model's.
    """
    dropped = f"{head}."
    own = {name: tensor.shape for name, tensor in model.state_dict().items() if not name.startswith(dropped)}
    given = {name: tensor for name, tensor in weights.items() if not name.startswith(dropped)}
    if missing := own.keys() - given.keys():
        raise InputError(f"{source}: it lacks {len(missing)} of the model's {len(own)} tensors: {_shown(missing)}.")
    if strange := given.keys() - own.keys():
        raise InputError(f"{source}: {len(strange)} of its tensors are none of the model's: {_shown(strange)}.")
    for name, shape in own.items():
        if given[name].shape != shape:
            raise InputError(f"{source}: {name} is {tuple(given[name].shape)}, and this size has {tuple(shape)}.")
    full = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in given.items()}
    model.get_submodule(head).to_empty(device="cpu")
    model.load_state_dict(full, strict=False, assign=True)
    linear = model.get_submodule(head)
    assert isinstance(linear, nn.Linear)
    generator = torch.Generator().manual_seed(HEAD_SEED)
    for parameter in linear.parameters():
        nn.init.uniform_(parameter, -(linear.in_features**-0.5), linear.in_features**-0.5, generator=generator)


def freeze(
    model: nn.Module, *, head: str, keep: str, quantization: str, dtype: torch.dtype, device: torch.device
) -> None:
    """Makes a filled model a frozen backbone in eval mode: `dtype`, on `device`, NF4 where asked.

    Linears whose names match the pattern `keep`, the head among them, stay out of NF4. The head and the statistics of
    batch norm stay at least in float32.
    """
    if quantization == "nf4":
        from trainables.modeling.nf4 import to_nf4

        to_nf4(model, keep=f"{re.escape(head)}|{keep}", compute_dtype=dtype, device=device)
    batch_norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    precise = [(module, module.state_dict()) for module in [*batch_norms, model.get_submodule(head)]]
    model.to(device=device, dtype=dtype)
    for module, exact in precise:
        module.to(torch.promote_types(dtype, torch.float32))
        module.load_state_dict(exact)
    model.requires_grad_(False)
    model.eval()


def _shown(names: Collection[str]) -> str:
    some = sorted(str(name) for name in names)
    return ", ".join(some[:SHOWN]) + (", ..." if len(some) > SHOWN else "")
