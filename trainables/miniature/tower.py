"""Stage 1: the audio tower learns the properties of sounds, and to hear them through noise.

Two throw-away heads per clip: classifiers of the properties on the mean and standard deviation of the tower's output
over time, and the log-mel spectrogram of the sound without its noise, at every output position.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.miniature.initial import initialise
from trainables.miniature.optimizer import training_steps
from trainables.miniature.recipe import Recipe
from trainables.miniature.sounds import NOT_APPLICABLE, PROPERTIES


@dataclass(frozen=True)
class Clips:
    """N clips of one window each, F log-mel frames long."""

    mel: Tensor  # (N, 128, F)
    mask: Tensor  # (N, F), 1 where the clip is
    clean: Tensor  # (N, 128, F), without noise
    properties: list[dict[str, int]]  # index into PROPERTIES, or NOT_APPLICABLE

    def __len__(self) -> int:
        return len(self.properties)


def outputs(tower: Any, mel: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """(B, 128, F) -> (B, F / 4, width), and (B, F / 4) true where the clip is; as Qwen2AudioModel calls its tower."""
    positions = (mask.sum(1) - 1) // 2 + 1  # after the convolution of stride 2
    may_look = torch.arange(mask.shape[1] // 2) < positions[:, None]
    hidden: Tensor = tower(mel, attention_mask=may_look[:, None, None, :]).last_hidden_state
    tokens = (positions - 2) // 2 + 1  # after the pooling of stride 2
    return hidden, torch.arange(hidden.shape[1]) < tokens[:, None]


def train_tower(
    tower: Any, clips: Clips, recipe: Recipe, rng: np.random.Generator, progress: Callable[[float], None]
) -> None:
    """Trains in place, float32, in eval mode afterwards."""
    width = tower.config.d_model
    with torch.random.fork_rng(devices=[]):  # a new module draws from the global generator
        heads = nn.ModuleDict({name: nn.Linear(2 * width, len(values)) for name, values in PROPERTIES.items()})
        spectrum = nn.Linear(width, clips.clean.shape[1])
    for module in (heads, spectrum):
        initialise(module, rng)
    targets = {name: torch.tensor([found[name] for found in clips.properties]) for name in PROPERTIES}
    clean = functional.avg_pool1d(clips.clean, 4).transpose(1, 2)  # (N, F / 4, 128)

    tower.train()
    for step, rows in training_steps([tower, heads, spectrum], len(clips), recipe.tower_steps, recipe, rng):
        hidden, valid = outputs(tower, clips.mel[rows], clips.mask[rows])
        weight = valid[..., None] / valid.sum(1)[:, None, None]  # (B, F / 4, 1), adds up to 1 over time
        mean = (hidden * weight).sum(1)
        deviation = ((hidden - mean[:, None]) ** 2 * weight).sum(1).add(1e-5).sqrt()
        pooled = torch.cat([mean, deviation], dim=1)
        loss = recipe.clean_weight * ((spectrum(hidden) - clean[rows]) ** 2 * weight).sum(1).mean()
        for name, head in heads.items():
            known = targets[name][rows]
            if (known != NOT_APPLICABLE).any():
                loss = loss + functional.cross_entropy(head(pooled), known, ignore_index=NOT_APPLICABLE)
        loss.backward()
        progress((step + 1) / recipe.tower_steps)
    tower.eval()
