"""Trains one miniature of Qwen2-Audio from nothing and writes it as a folder that `from_pretrained` reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import Qwen2AudioForConditionalGeneration, Qwen2AudioProcessor, WhisperFeatureExtractor

from trainables.backbones import qwen2_audio
from trainables.contract import Loaded
from trainables.miniature import questions
from trainables.miniature.initial import initialise
from trainables.miniature.language import train_language
from trainables.miniature.reach import extend_reach
from trainables.miniature.recipe import Recipe
from trainables.miniature.sounds import sound
from trainables.miniature.tower import Clips, train_tower

SOUNDS_DONE, TOWER_DONE = 0.2, 0.5  # shares of the whole time, as measured


def pretrain(size: str, recipe: Recipe, folder: Path, progress: Callable[[float], None]) -> None:
    """The same size, recipe, versions and number of threads give the same weights. `progress` takes 0 to 1."""
    rng = np.random.default_rng([recipe.seed, *size.encode()])
    config: Any = qwen2_audio.config(size)
    with torch.random.fork_rng(devices=[]):
        model = Qwen2AudioForConditionalGeneration(config).float()
    initialise(model, rng)
    processor = Qwen2AudioProcessor(
        WhisperFeatureExtractor(feature_size=128, chunk_length=round(qwen2_audio.MINIATURE_WINDOW_SECONDS)),
        questions.tokenizer(config.text_config.vocab_size),
    )
    clips = make_clips(
        qwen2_audio.assemble(model, processor.tokenizer, processor.feature_extractor), recipe, rng, progress
    )
    train_tower(
        model.model.audio_tower, clips, recipe, rng,
        lambda done: progress(SOUNDS_DONE + done * (TOWER_DONE - SOUNDS_DONE)),
    )  # fmt: skip
    train_language(
        model, processor.tokenizer, clips, recipe, rng, lambda done: progress(TOWER_DONE + done * (1 - TOWER_DONE))
    )
    extend_reach(model, recipe.reach)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def make_clips(loaded: Loaded, recipe: Recipe, rng: np.random.Generator, progress: Callable[[float], None]) -> Clips:
    """Generates the clips and their features, with the front end that the finished model will have."""
    noisy, clean, properties = [], [], []
    for index in range(recipe.clips):
        made = sound(rng, qwen2_audio.MINIATURE_WINDOW_SECONDS)
        noisy.append(qwen2_audio.features(loaded, made.waveform))
        clean.append(qwen2_audio.features(loaded, made.clean))
        properties.append(made.properties)
        progress(SOUNDS_DONE * (index + 1) / recipe.clips)
    batch = qwen2_audio.stacked(loaded, noisy)
    return Clips(
        mel=batch["input_features"],
        mask=batch["feature_attention_mask"],
        clean=qwen2_audio.stacked(loaded, clean)["input_features"],
        properties=properties,
    )
