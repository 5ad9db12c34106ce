"""Target presets against a live model: which modules LoRA adapts, and how many parameters that trains.

A pattern that matches nothing raises nothing in PEFT when another one matches, and modules are renamed between releases
of a library. So every preset states how many modules it must match, and any other count is an error.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import nn

from trainables.config import DORA, LORA, TAKE_APART
from trainables.contract import Backbone, Preset
from trainables.errors import InputError

SHOWN_NAMES = 8
_LAYER = re.compile(r"(.*\.)?(layers|features)\.\d+(\.blocks\.\d+)?")


@dataclass(frozen=True)
class Counts:
    """Parameters of one (model, targets, rank). `total_params` is the backbone with its head, without adapters."""

    matched_modules: int
    adapter_params: int
    head_params: int
    total_params: int

    @property
    def trainable_params(self) -> int:
        return self.adapter_params + self.head_params


def resolve_targets(
    model: nn.Module, preset: Preset, size: str, *, preset_name: str = "", backbone: str = ""
) -> list[str]:
    """Full names of the modules that `preset` means, in the model's order; `size` is a size's name or a checkpoint's.

    The model may be on the `meta` device, in 4 bits, or carry adapters already; names are those of the bare model.
    `preset_name` and `backbone` only make the error clearer.

    Raises InputError: nothing matches, or another number of modules than the preset states for `size`.
    """
    names = [name for name, _ in adaptable_modules(model)]
    config = getattr(model, "config", None)
    preset = preset.of(config)
    matched = [name for name in names if re.fullmatch(preset.pattern, name)]
    expected = preset.expected(size, config)
    if matched and len(matched) == expected:
        return matched
    what = f"target_modules: {preset_name}" if preset_name else f"the target pattern {preset.pattern!r}"
    where = f"{backbone} size {size}" if backbone else f"size {size}"
    endings = Counter(name.rpartition(".")[2] for name in names).most_common(SHOWN_NAMES)
    known = ", ".join(f"{ending} ({count})" for ending, count in endings) or "none"
    rule = f" ({_rule(preset)})" if size not in preset.matches and preset.layers else ""
    stated = "states no count for this size" if expected is None else f"must match {expected}{rule}"
    raise InputError(
        f"{what} matches {len(matched)} modules of {where}, but the preset {stated}; "
        f"modules that LoRA can adapt there end in: {known}. "
        "Were modules renamed by another version of the model's library?"
    )


def _rule(preset: Preset) -> str:
    """`4 x encoder_layers + 8 x decoder_layers + 1`"""
    parts = [f"{count} x {name}" for name, count in preset.layers.items() if count]
    return " + ".join([*parts, str(preset.once)] if preset.once else parts)


def head_mode(backbone: Backbone, target_modules: str, head: str) -> str:
    """How the task head is trained: `lora` where the preset reaches it, else as `head` (full | lora) says.

    A backbone without a head of its own has nothing to train whole, nor to reach: `full`.
    """
    if not head_modules(backbone):
        return "full"
    return "lora" if backbone.PRESETS[target_modules].reaches_head else head


def head_modules(backbone: Backbone, model: nn.Module | None = None) -> tuple[str, ...]:
    """The heads of all tasks that a backbone can do, or those that `model` has, made for one of them."""
    heads = tuple(getattr(backbone, "HEAD_MODULES", ()))
    if model is None:
        return heads
    there = {name for name, _ in model.named_modules()}
    return tuple(head for head in heads if head in there)


def adapted_modules(
    model: nn.Module, backbone: Backbone, *, target_modules: str, size: str, head: str, layers: int | None = None
) -> list[str]:
    """Full names of all modules that get an adapter: the preset's, and with `head` lora those of the task head.

    `layers` keeps what lies in so many of the topmost layers, and what is computed between and after them. Raises
    InputError as `resolve_targets`, and where the model has fewer layers or the preset nothing in them.
    """
    preset = backbone.PRESETS[target_modules]
    names = resolve_targets(model, preset, size, preset_name=target_modules, backbone=backbone.NAME)
    if layers is not None:
        names = _in_top_layers(model, names, layers, what=f"{backbone.NAME} size {size}", preset_name=target_modules)
    if head_mode(backbone, target_modules, head) == "full":
        return names
    heads = head_modules(backbone)
    in_head = (name for name, _ in adaptable_modules(model) if any(f"{name}.".startswith(f"{h}.") for h in heads))
    return names + [name for name in in_head if name not in names]


def layer_names(model: nn.Module) -> list[str]:
    """The layers that a model stacks, lowest first: encoder before decoder, audio before language. A lone convolution
    of a front end that is numbered likewise (Parakeet's) is none."""
    stacked = ((name, module) for name, module in model.named_modules() if _LAYER.fullmatch(name))
    found = [name for name, module in stacked if any(True for _ in module.children())]
    return [name for name in found if not any(other.startswith(f"{name}.") for other in found)]  # blocks, not stages


def _in_top_layers(model: nn.Module, names: Sequence[str], layers: int, *, what: str, preset_name: str) -> list[str]:
    stack = layer_names(model)
    if layers > len(stack):
        raise InputError(f"layers: {layers} is more than {what} has ({len(stack)}); write null for all of them.")
    order = {name: place for place, (name, _) in enumerate(model.named_modules())}
    kept = [name for name in names if order[name] >= order[stack[-layers]]]
    if not kept:
        raise InputError(
            f"layers: target_modules {preset_name} matches nothing in the top {layers} of the {len(stack)} layers of "
            f"{what}; allow more layers or choose other targets."
        )
    return kept


def never_trained(skeleton: nn.Module) -> list[str]:
    """Parameters that a model's authors keep as they are, also where all others are trained: tables of positions."""
    return [name for name, parameter in skeleton.named_parameters() if not parameter.requires_grad]


def why_cannot_adapt(model: nn.Module, names: Sequence[str], adapter: str, rank: int) -> str | None:
    """Why these modules of a bare model cannot take an adapter that begins from a part of their weights, in words for
    a person; None where they can."""
    if adapter not in TAKE_APART:
        return None
    modules = {name: module for name, module in adaptable_modules(model) if name in set(names)}
    other = next((name for name, module in modules.items() if not isinstance(module, nn.Linear)), None)
    if other is not None:
        return (
            f"{adapter} takes apart the weights of linear layers alone, and {other} is a "
            f"{type(modules[other]).__name__}: choose other target_modules for it, or leave it out"
        )
    least = min(min(in_out_features(module)) for module in modules.values())
    if rank > least:
        return f"{adapter} takes at most rank {least} from the smallest of these modules, got {rank}: lower the rank"
    return None


def count(
    model: nn.Module, names: Sequence[str], rank: int, head_modules: Sequence[str] = (), adapter: str = LORA
) -> Counts:
    """Counts for an adapter of `rank` on the modules `names`, with `head_modules` trained whole.

    A LoRA pair on a Linear or a pointwise convolution has rank * (in + out) parameters (Hu et al. 2021); DoRA has the
    length of each row of weights beside it. The model is bare and not quantized, for example a skeleton on the `meta`
    device.
    """
    features = {name: in_out_features(module) for name, module in adaptable_modules(model)}
    lengths = sum(features[name][1] for name in names) if adapter == DORA else 0
    heads = {p for name in head_modules for p in model.get_submodule(name).parameters()}
    return Counts(
        matched_modules=len(names),
        adapter_params=rank * sum(sum(features[name]) for name in names) + lengths,
        head_params=sum(p.numel() for p in heads),
        total_params=sum(p.numel() for p in model.parameters()),
    )


def quantizable_params(model: nn.Module) -> int:
    """Weights that NF4 can hold in 4 bits: those of Linear modules. Output embeddings (`lm_head`) are kept."""
    linears = [m for name, m in model.named_modules() if isinstance(m, nn.Linear) and not name.endswith("lm_head")]
    return sum(module.in_features * module.out_features for module in linears)


def adaptable_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Every Linear and every 1x1 convolution without groups, by full name; adapted ones under their own names."""
    wrapped = "\0"  # what PEFT put under the module just seen (adapters, copies) is no target
    for name, module in model.named_modules():
        if name.startswith(wrapped):
            continue
        base = getattr(module, "base_layer", None) or getattr(module, "original_module", None)
        if isinstance(base, nn.Module):
            wrapped = f"{name}."
            if is_adaptable(base):
                yield name, base
        elif is_adaptable(module):
            yield name, module


def is_adaptable(module: nn.Module) -> bool:
    """Linear (4-bit ones are subclasses) or pointwise convolution. Depthwise ones do not merge with an adapter."""
    if isinstance(module, nn.Conv1d | nn.Conv2d):
        return module.groups == 1 and all(extent == 1 for extent in module.kernel_size)
    return isinstance(module, nn.Linear)


def in_out_features(module: nn.Module) -> tuple[int, int]:
    """(in, out) of a module for which `is_adaptable` holds."""
    if isinstance(module, nn.Linear):
        return module.in_features, module.out_features
    if isinstance(module, nn.Conv1d | nn.Conv2d):
        return module.in_channels, module.out_channels
    raise TypeError(f"LoRA cannot adapt a {type(module).__name__}")
