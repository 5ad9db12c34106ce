"""Trains a miniature of a classifier from nothing: its own head learns to tell the properties of generated sounds.

The head is of no use afterwards: `load` starts another one for every task, as it does for published checkpoints.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn
from torch.nn import functional

from trainables import registry
from trainables.contract import Backbone, Loaded
from trainables.data.sound.filters import resample
from trainables.miniature.optimizer import training_steps
from trainables.miniature.recipe import ClassifierRecipe
from trainables.miniature.sounds import NOT_APPLICABLE, PROPERTIES, SAMPLE_RATE_HZ, sound

LABELS = tuple(f"{name}: {value}" for name, values in PROPERTIES.items() for value in values)
SOUNDS_DONE = 0.25  # share of the whole time, as measured
STATISTICS_BATCHES = 8
INSIDE_LAYER = r"(layers|block)\..*\.weight$"  # tables of position biases are no matrices


def pretrain(name: str, size: str, recipe: ClassifierRecipe, folder: Path, progress: Callable[[float], None]) -> None:
    """The same size, recipe, versions and number of threads give the same weights. `progress` takes 0 to 1."""
    backbone = registry.backbone(name)
    task = registry.task("classification", {"labels": LABELS})
    rng = np.random.default_rng([recipe.seed, *name.encode(), *size.encode()])
    model = backbone.build(size, task, recipe.seed)
    backbone.write(model, size, folder)
    loaded = backbone.load(
        str(folder), task, size=size, quantization="none", dtype=torch.float32, device=torch.device("cpu")
    )  # for its front end
    clips, properties = make_clips(backbone, loaded, recipe, rng, lambda done: progress(SOUNDS_DONE * done))

    def answers(rows: Tensor) -> Tensor:
        batch = backbone.collate(loaded, [clips[row] for row in rows.tolist()], task, None)
        return cast(Tensor, backbone.predict(model, batch))

    model.train()
    for step, rows in training_steps(by_optimizer(model), len(clips), recipe.steps, recipe, rng):
        properties_loss(answers(rows), {key: value[rows] for key, value in properties.items()}).backward()  # type: ignore[no-untyped-call]
        progress(SOUNDS_DONE + (1 - SOUNDS_DONE) * (step + 1) / recipe.steps)
    measure_statistics(model, lambda: answers(torch.from_numpy(rng.permutation(len(clips))[: recipe.batch_size])))
    backbone.write(model.eval(), size, folder)


def by_optimizer(model: nn.Module) -> list[nn.Module]:
    """The model's parameters as `training_steps` tells them apart: matrices inside layers first, then all the rest."""
    inside = [
        parameter
        for name, parameter in model.named_parameters()
        if parameter.dim() == 2 and re.search(INSIDE_LAYER, name)
    ]
    own = {id(parameter) for parameter in inside}
    layered = nn.Module()
    layered.layers = nn.ParameterList(inside)  # names begin with "layers."
    return [layered, nn.ParameterList(p for p in model.parameters() if id(p) not in own)]


def make_clips(
    backbone: Backbone, loaded: Loaded, recipe: ClassifierRecipe, rng: Generator, progress: Callable[[float], None]
) -> tuple[list[Tensor], dict[str, Tensor]]:
    """Features of so many sounds, and of each property (clips,) index into its values, or NOT_APPLICABLE."""
    clips: list[Tensor] = []
    found: list[dict[str, int]] = []
    # a backbone that is given clips at their own length need not learn what fills its window
    filled_seconds = recipe.longest_sound_seconds if loaded.pads_to_longest else backbone.MINIATURE_WINDOW_SECONDS
    for index in range(recipe.clips):
        made = sound(rng, recipe.longest_sound_seconds)
        waveform = in_window(made.waveform, round(filled_seconds * SAMPLE_RATE_HZ), rng)
        clips.append(backbone.features(loaded, resample(waveform, SAMPLE_RATE_HZ, backbone.SAMPLE_RATE_HZ)))
        found.append(made.properties)
        progress((index + 1) / recipe.clips)
    return clips, {name: torch.tensor([properties[name] for properties in found]) for name in PROPERTIES}


def in_window(waveform: np.ndarray, samples: int, rng: Generator) -> np.ndarray:
    """As clips are: a third fills the window, over and over; a third stands in silence; a third is just short. A
    sound as long as the window stays as it is."""
    kind = rng.integers(3)
    if kind == 0 or len(waveform) >= samples:
        return np.resize(waveform, samples)
    before = int(rng.integers(samples - len(waveform) + 1)) if kind == 1 else 0
    return np.pad(waveform, (before, 0))


def properties_loss(logits: Tensor, properties: dict[str, Tensor]) -> Tensor:
    """(B, LABELS) -> the sum over properties of the mean cross-entropy of the clips that have it."""
    total = logits.new_zeros(())
    start = 0
    for name, values in PROPERTIES.items():
        part = logits[:, start : start + len(values)]
        start += len(values)
        if (properties[name] != NOT_APPLICABLE).any():
            total = total + functional.cross_entropy(part, properties[name], ignore_index=NOT_APPLICABLE)
    return total


@torch.no_grad()
def measure_statistics(model: nn.Module, forward: Callable[[], object]) -> None:
    """BatchNorm's running statistics anew, of the finished weights: so short a training leaves them behind."""
    norms: list[Any] = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over batches
    for _ in range(STATISTICS_BATCHES):
        forward()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
