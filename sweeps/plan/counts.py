"""Parameters of a backbone's size and of the adapters that a sweep can put on it, counted on the `meta` device.

A count loads the backbone's libraries, which takes seconds. So it is kept in the cache, under a digest of everything
that it depends on, and the plan of the same axes loads none of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from trainables import measured
from trainables.config import LORA, OLORA, PISSA, WHOLE
from trainables.errors import InputError
from trainables.modeling import configurations
from trainables.modeling.checkpoints import names_checkpoint
from trainables.outline import Outline, digest

if TYPE_CHECKING:
    from torch import nn

    from trainables.contract import Backbone, Task


@dataclass(frozen=True)
class Choice:
    """What decides an adapter's modules and size."""

    target_modules: str  # a preset of the backbone
    layers: int | None  # the topmost ones; None: all
    rank: int
    adapter: str = LORA  # none: the whole model, and nothing else of this counts


WHOLE_MODEL = Choice("", None, 0, WHOLE)


@dataclass(frozen=True)
class TargetCount:
    """One choice on one size; `total_params` is the backbone with its head, without adapters."""

    choice: Choice
    matched_modules: int
    adapter_params: int
    head_params: int
    trainable_params: int
    total_params: int


@dataclass(frozen=True)
class SizeCounts:
    total_params: int
    quantizable_params: int  # those that NF4 packs
    targets: tuple[TargetCount, ...]
    problems: tuple[str, ...]  # presets that match other modules than they state


def size_counts(
    name: str, backbone: Backbone, size: str, task: Task, head: str, choices: Sequence[Choice]
) -> SizeCounts:
    """Counts every choice; `head` is the sweep's `head:`. Raises nothing: what a preset does not match is a problem."""
    if not isinstance(backbone, Outline):  # its libraries are there already
        return _counted(backbone, size, task, head, choices)
    shape = configurations.digest(size) if names_checkpoint(size) else ""
    depends_on = repr((digest(), name, size, shape, task, head, list(choices)))
    key = hashlib.sha256(depends_on.encode()).hexdigest()[:16]
    kept = measured.once(f"counts-{name}-{key}", lambda: asdict(_counted(backbone, size, task, head, choices)))
    return _restored(kept)


def _counted(backbone: Backbone, size: str, task: Task, head: str, choices: Sequence[Choice]) -> SizeCounts:
    from trainables.training.targets import (
        adapted_modules,
        count,
        head_mode,
        head_modules,
        quantizable_params,
        why_cannot_adapt,
    )

    skeleton = backbone.skeleton(size, task)
    targets: list[TargetCount] = []
    problems: list[str] = []
    adapters = [choice for choice in choices if choice.adapter != WHOLE]
    for preset, layers in dict.fromkeys((choice.target_modules, choice.layers) for choice in adapters):
        mode = head_mode(backbone, preset, head)
        heads = head_modules(backbone, skeleton) if mode == "full" else ()
        try:
            modules = adapted_modules(skeleton, backbone, target_modules=preset, size=size, head=mode, layers=layers)
        except InputError as error:
            problems += error.problems
            continue
        for choice in (each for each in adapters if (each.target_modules, each.layers) == (preset, layers)):
            if reason := why_cannot_adapt(skeleton, modules, choice.adapter, choice.rank):
                problems.append(f"search.adapter: {reason}.")
                continue
            found = count(skeleton, modules, choice.rank, heads, choice.adapter)
            targets.append(
                TargetCount(
                    choice,
                    found.matched_modules,
                    found.adapter_params,
                    found.head_params,
                    found.trainable_params,
                    found.total_params,
                )
            )
    if len(adapters) < len(choices):
        targets.append(_whole(skeleton, backbone))
    total_params = sum(parameter.numel() for parameter in skeleton.parameters())
    return SizeCounts(total_params, quantizable_params(skeleton), tuple(targets), tuple(dict.fromkeys(problems)))


def _whole(skeleton: nn.Module, backbone: Backbone) -> TargetCount:
    """Nothing is adapted, all is trained."""
    from trainables.training.targets import head_modules, never_trained

    fixed = set(never_trained(skeleton))
    trained = {name: parameter.numel() for name, parameter in skeleton.named_parameters() if name not in fixed}
    heads = tuple(f"{head}." for head in head_modules(backbone))
    return TargetCount(
        WHOLE_MODEL,
        matched_modules=0,
        adapter_params=0,
        head_params=sum(size for name, size in trained.items() if name.startswith(heads)),
        trainable_params=sum(trained.values()),
        total_params=sum(parameter.numel() for parameter in skeleton.parameters()),
    )


def _restored(kept: dict[str, Any]) -> SizeCounts:
    targets = tuple(TargetCount(**{**each, "choice": Choice(**each["choice"])}) for each in kept["targets"])
    return SizeCounts(kept["total_params"], kept["quantizable_params"], targets, tuple(kept["problems"]))


def unquantizable(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Of pairs (adapter, quantization) those that cannot be: the frozen weights change, and are in 4 bits."""
    reasons = {WHOLE: "trains all weights", PISSA: "changes the frozen weights", OLORA: "changes the frozen weights"}
    return [
        f"search.adapter: {adapter} {reasons[adapter]}, which {quantization} keeps in 4 bits: leave one of the two "
        "out, or let conditions (`when:`) keep them apart; lora, dora, rslora and lora_plus take them as they are."
        for adapter, quantization in dict.fromkeys(pairs)
        if adapter in reasons and quantization != "none"
    ]
