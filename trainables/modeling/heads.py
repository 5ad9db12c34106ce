"""A merged checkpoint's own head: what backbones leave out when they load, since most heads are of other labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from safetensors import safe_open
from torch import Tensor, nn

from trainables.errors import InputError


def load_heads(model: nn.Module, heads: Sequence[str], folder: Path) -> None:
    """Gives the modules `heads` the weights that the safetensors files of the folder hold of them.

    Raises InputError: a weight of a head is in none of the files, or of another shape.
    """
    own = {name: tensor for name, tensor in model.state_dict().items() if _of(name, heads)}
    found: dict[str, Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            found |= {name: file.get_tensor(name) for name in file.keys() if name in own}  # noqa: SIM118
    wrong = [name for name, tensor in own.items() if name not in found or found[name].shape != tensor.shape]
    if wrong:
        raise InputError(f"{folder}: its weights lack {', '.join(wrong)} in the shape that its labels ask for.")
    model.load_state_dict(found, strict=False)


def _of(name: str, heads: Sequence[str]) -> bool:
    return any(name.startswith(f"{head}.") for head in heads)
