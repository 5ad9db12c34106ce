"""The kinds of adapters that a sweep may choose from, as PEFT makes them.

LoRA: Hu et al. 2021 (arXiv 2106.09685); DoRA: Liu et al. 2024 (2402.09353); rsLoRA: Kalajdzievski 2023 (2312.03732);
PiSSA: Meng et al. 2024 (2404.02948); OLoRA: Büyükakyüz 2024 (2406.01775); LoRA+: Hayou et al. 2024 (2402.12354).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from peft.optimizers import create_loraplus_optimizer
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from trainables.config import DORA, LORA, LORA_PLUS, OLORA, PISSA, RSLORA, TAKE_APART, WHOLE, TrialConfig
from trainables.training.whole_model import WHOLE_WEIGHTS

ADAPTER_WEIGHTS, ADAPTER_CONFIG = "adapter_model.safetensors", "adapter_config.json"  # PEFT's names
PREFIX = "base_model.model."  # of the names that PEFT saves

# What PEFT's LoraConfig takes for each; of the others it is as for LoRA
_PEFT: Mapping[str, Mapping[str, Any]] = {
    DORA: {"use_dora": True},
    RSLORA: {"use_rslora": True},
    PISSA: {"init_lora_weights": "pissa"},
    OLORA: {"init_lora_weights": "olora"},
}


@dataclass(frozen=True)
class Begun:
    """The pair of matrices with which an adapter that took its weights apart began: W = rest + scale * B A."""

    a: Tensor  # (rank, in)
    b: Tensor  # (out, rank)


def peft_options(adapter: str) -> dict[str, Any]:
    return dict(_PEFT.get(adapter, {}))


def as_saved(config: TrialConfig) -> TrialConfig:
    """The configuration of the adapter that a finished run leaves: what took its weights apart is saved as LoRA of
    twice the rank, on the weights as they were; see `on_plain_weights`."""
    if config.adapter in TAKE_APART:
        return replace(config, adapter=LORA, rank=2 * config.rank, alpha=2 * config.alpha)
    return config


def weights_of(config: TrialConfig) -> str:
    """The name of the file with what a finished run trained."""
    return WHOLE_WEIGHTS if config.adapter == WHOLE else ADAPTER_WEIGHTS


def on_plain_weights(folder: Path, begun: Mapping[str, Begun]) -> None:
    """Rewrites an adapter that PEFT saved, so that it fits the backbone's own weights: with rest = W - s B0 A0 the
    model answers by rest + s B A = W + s [B, -B0] [A; A0], which is LoRA of twice the rank and the same scale.

    PEFT converts so too (`path_initial_model_for_weight_conversion`), and leaves out the heads.
    """
    tensors = load_file(folder / ADAPTER_WEIGHTS)
    for module, first in begun.items():
        a, b = (f"{PREFIX}{module}.lora_{matrix}.weight" for matrix in "AB")
        tensors[a] = torch.cat([tensors[a], first.a.to(tensors[a])], dim=0)
        tensors[b] = torch.cat([tensors[b], -first.b.to(tensors[b])], dim=1)
    save_file(tensors, folder / ADAPTER_WEIGHTS, metadata={"format": "pt"})
    config = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    config |= {"r": 2 * config["r"], "lora_alpha": 2 * config["lora_alpha"], "init_lora_weights": True}
    (folder / ADAPTER_CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True), encoding="utf-8")


def optimizer_of(config: TrialConfig, model: nn.Module, parameters: Sequence[nn.Parameter]) -> torch.optim.AdamW:
    """AdamW over what a lane trains. `model`: the one that PEFT wrapped, with the lane's adapter active.

    LoRA+: PEFT's groups; B and biases of a head learn `lora_plus_ratio` times as fast, and those biases do not decay.
    """
    if config.adapter == LORA_PLUS:
        found: torch.optim.AdamW = create_loraplus_optimizer(
            model,
            torch.optim.AdamW,
            lr=config.learning_rate,
            loraplus_lr_ratio=config.lora_plus_ratio,
            loraplus_weight_decay=config.weight_decay,
        )
        return found
    return torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay)
