"""Trains a miniature that is to write what it hears by CTC (wav2vec 2.0, HuBERT, WavLM), on generated speech.

It learns which sound it hears at every moment, as the encoders of `recognition.py` do, through a throw-away head. Which
letters that is, is left to fine-tuning: like the published weights it is an encoder alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainables import registry
from trainables.miniature.recipe import SpeechRecipe
from trainables.miniature.recognition import LENGTHS_SECONDS, Heard, train_encoder
from trainables.miniature.utterances import draw_stock, utter

HEARD_DONE = 0.2  # share of the whole time, as measured
FRAMES = (200, 320)  # the sample in the middle of the first frame, and the samples from one frame to the next


def pretrain(name: str, size: str, recipe: SpeechRecipe, folder: Path, progress: Callable[[float], None]) -> None:
    """The same size, recipe, versions and number of threads give the same weights. `progress` takes 0 to 1."""
    rng = np.random.default_rng([recipe.seed, *name.encode(), *size.encode()])
    backbone: Any = registry.backbone(name)
    task = registry.task("transcription", {})
    backbone.write(backbone.build(size, task, recipe.seed), size, folder)
    loaded = backbone.load(
        str(folder), task, size=size, quantization="none", dtype=torch.float32, device=torch.device("cpu")
    )
    model = loaded.model.requires_grad_(True)
    stock = draw_stock(rng, voices=recipe.voices, syllables=recipe.syllables_per_voice)
    heard = []
    for seconds in LENGTHS_SECONDS:
        made = [utter(rng, stock, seconds) for _ in range(recipe.utterances // len(LENGTHS_SECONDS))]
        clips = [backbone.features(loaded, utterance.waveform) for utterance in made]
        moments = np.stack([utterance.moments for utterance in made])
        heard.append(Heard(torch.stack(clips), moments, [utterance.text for utterance in made]))
    progress(HEARD_DONE)
    train_encoder(
        Named(model.base_model), FRAMES, heard, recipe, rng, lambda done: progress(HEARD_DONE + done * (1 - HEARD_DONE))
    )
    backbone.write(model, size, folder)


class Named(nn.Module):
    """An encoder whose parameters have the names by which `training_steps` tells matrices inside layers from the
    rest."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.layers = encoder.encoder.layers  # first: a parameter has the name under which it is found first
        self.whole = encoder
        self.config = encoder.config

    def forward(self, inputs: Tensor) -> Any:
        return self.whole(inputs)
