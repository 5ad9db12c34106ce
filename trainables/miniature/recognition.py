"""Trains a miniature that writes what it hears (Moonshine, Whisper) from nothing, on generated speech.

Stage 1: the encoder learns which sound it hears at every moment, through a throw-away head. Stage 2: the encoder frozen
and its outputs kept, the decoder learns to spell them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables import registry, transcripts
from trainables.contract import Loaded
from trainables.miniature.optimizer import training_steps
from trainables.miniature.recipe import SpeechRecipe
from trainables.miniature.utterances import (
    MOST_SOUNDS,
    MOST_SYLLABLES,
    SILENT_MOMENT,
    SOUNDS,
    Utterance,
    draw_stock,
    utter,
)

STOCK_DONE, ENCODER_DONE = 0.1, 0.6  # shares of the whole time, as measured
LENGTHS_SECONDS = (0.8, 1.2, 1.6, 2.0)
# Backbone -> the sample that the encoder's first output stands for, and the samples from one to the next
FRAMES: Mapping[str, tuple[int, int]] = {"moonshine": (447, 384), "whisper": (0, 320)}


@dataclass(frozen=True)
class Heard:
    """Utterances of one length."""

    inputs: Tensor  # (N, ...), what the encoder takes
    moments: np.ndarray  # (N, samples, 3), of the utterances
    texts: list[str]


def pretrain(name: str, size: str, recipe: SpeechRecipe, folder: Path, progress: Callable[[float], None]) -> None:
    """The same size, recipe, versions and number of threads give the same weights. `progress` takes 0 to 1."""
    rng = np.random.default_rng([recipe.seed, *name.encode(), *size.encode()])
    backbone: Any = registry.backbone(name)
    task = registry.task("transcription", {})
    backbone.write(backbone.build(size, task, recipe.seed), size, folder)
    loaded: Loaded = backbone.load(
        str(folder), task, size=size, quantization="none", dtype=torch.float32, device=torch.device("cpu")
    )
    model: Any = loaded.model.requires_grad_(True)
    stock = draw_stock(rng, voices=recipe.voices, syllables=recipe.syllables_per_voice)
    progress(STOCK_DONE)

    def hear(count: int, seconds: float) -> Heard:
        made = [utter(rng, stock, seconds) for _ in range(count)]
        return _heard(backbone, loaded, task, made)

    train_encoder(
        model.model.encoder, FRAMES[name], hear, recipe, rng,
        lambda done: progress(STOCK_DONE + done * (ENCODER_DONE - STOCK_DONE)),
    )  # fmt: skip
    train_decoder(loaded, hear, recipe, rng, lambda done: progress(ENCODER_DONE + done * (1 - ENCODER_DONE)))
    backbone.write(model, size, folder)


def train_encoder(
    encoder: nn.Module,
    frames: tuple[int, int],
    hear: Callable[[int, float], Heard],
    recipe: SpeechRecipe,
    rng: np.random.Generator,
    progress: Callable[[float], None],
) -> None:
    """Trains in place on ever new utterances; in eval mode afterwards."""
    outputs: Any = encoder
    counts = (len(SOUNDS), MOST_SYLLABLES, MOST_SOUNDS)
    head = nn.utils.skip_init(nn.Linear, outputs.config.hidden_size, sum(counts))  # type: ignore[no-untyped-call]
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(rng.normal(0, head.in_features**-0.5, tuple(head.weight.shape))))
        head.bias.zero_()
    encoder.train()
    for step, _ in training_steps([encoder, head], recipe.batch_size, recipe.encoder_steps, recipe, rng):
        batch = hear(recipe.batch_size, LENGTHS_SECONDS[step % len(LENGTHS_SECONDS)])
        logits = head(outputs(batch.inputs).last_hidden_state)  # (B, F, sum of counts)
        moments = torch.from_numpy(_at(batch.moments, *frames, logits.shape[1]))  # (B, F, 3)
        parts = zip(torch.split(logits, list(counts), dim=-1), moments.unbind(-1), strict=True)
        loss = sum(functional.cross_entropy(part.transpose(1, 2), target) for part, target in parts)
        loss.backward()  # type: ignore[union-attr]
        progress((step + 1) / recipe.encoder_steps)
    encoder.eval()


def train_decoder(
    loaded: Loaded,
    hear: Callable[[int, float], Heard],
    recipe: SpeechRecipe,
    rng: np.random.Generator,
    progress: Callable[[float], None],
) -> None:
    """Trains in place, the encoder left as it is; in eval mode afterwards."""
    model: Any = loaded.model
    per_length = recipe.utterances // len(LENGTHS_SECONDS)
    kept = [_encoded(model, hear(per_length, seconds), recipe.batch_size) for seconds in LENGTHS_SECONDS]
    decoder, prompt, end = model.model.decoder, loaded.extra["prompt"], model.config.eos_token_id
    decoder.train()
    for step, rows in training_steps([decoder], per_length, recipe.decoder_steps, recipe, rng):
        hidden, texts = kept[step % len(kept)]
        tokens = [transcripts.text_tokens(model.tokenizer, texts[row], 10**6) for row in rows.tolist()]
        batch = transcripts.with_text(prompt, tokens, end)
        states = decoder(
            input_ids=batch["decoder_input_ids"], encoder_hidden_states=hidden[rows], use_cache=False
        ).last_hidden_state
        loss = transcripts.text_loss(model.proj_out(states), batch["labels"], label_smoothing=0.0)
        loss.backward()  # type: ignore[no-untyped-call]
        progress((step + 1) / recipe.decoder_steps)
    decoder.eval()


@torch.no_grad()
def _encoded(model: Any, heard: Heard, batch_size: int) -> tuple[Tensor, list[str]]:
    parts = [model.model.encoder(part).last_hidden_state for part in torch.split(heard.inputs, batch_size)]
    return torch.cat(parts), heard.texts


def _heard(backbone: Any, loaded: Loaded, task: Any, made: list[Utterance]) -> Heard:
    features = [backbone.features(loaded, utterance.waveform) for utterance in made]
    inputs = next(iter(backbone.collate(loaded, features, task, None).values()))
    return Heard(inputs, np.stack([utterance.moments for utterance in made]), [utterance.text for utterance in made])


def _at(moments: np.ndarray, first: int, step: int, count: int) -> np.ndarray:
    """(N, samples, 3) -> (N, count, 3), `step` samples apart from `first` on; behind an utterance nobody speaks."""
    places = first + step * np.arange(count)
    inside = places < moments.shape[1]
    found = np.tile(np.array(SILENT_MOMENT), (len(moments), count, 1))
    found[:, inside] = moments[:, places[inside]]
    return found
