"""A task head of a lane's own: it starts anew where the backbone's knows other labels."""

from __future__ import annotations

from torch import nn

from trainables.training.own_weights import at_least_float32


def start(head: nn.Module, *, anew: bool) -> None:
    """A copy of the backbone's head becomes a lane's, in place: at least in float32, as PEFT keeps adapters; `anew`
    with weights drawn on the CPU, whose generator is the seeded one."""
    parameter = next(head.parameters())
    device, dtype = parameter.device, at_least_float32(parameter)
    head.to("cpu", dtype)
    for part in head.modules():
        if anew and callable(reset := getattr(part, "reset_parameters", None)):
            reset()
    head.to(device)
