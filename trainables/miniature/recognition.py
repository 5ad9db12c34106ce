"""Trains a miniature that writes what it hears (Moonshine, Whisper) from nothing, on generated speech.

Stage 1: the encoder learns which sound it hears at every moment, through a throw-away head. Stage 2: the encoder frozen
and its outputs kept, the decoder learns to spell them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables import registry
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
from trainables.modeling import transcripts

HEARD_DONE, ENCODER_DONE = 0.4, 0.7  # shares of the whole time, as measured
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
    per_length = recipe.utterances // len(LENGTHS_SECONDS)
    heard = [
        _heard(backbone, loaded, task, [utter(rng, stock, seconds) for _ in range(per_length)])
        for seconds in LENGTHS_SECONDS
    ]
    progress(HEARD_DONE)
    train_encoder(
        model.model.encoder, FRAMES[name], heard, recipe, rng,
        lambda done: progress(HEARD_DONE + done * (ENCODER_DONE - HEARD_DONE)),
    )  # fmt: skip
    train_decoder(loaded, heard, recipe, rng, lambda done: progress(ENCODER_DONE + done * (1 - ENCODER_DONE)))
    backbone.write(model, size, folder)


def train_encoder(
    encoder: nn.Module,
    frames: tuple[int, int],
    heard: Sequence[Heard],
    recipe: SpeechRecipe,
    rng: np.random.Generator,
    progress: Callable[[float], None],
) -> None:
    """Trains in place; in eval mode afterwards."""
    outputs: Any = encoder
    counts = (len(SOUNDS), MOST_SYLLABLES, MOST_SOUNDS)
    head = nn.utils.skip_init(nn.Linear, outputs.config.hidden_size, sum(counts))  # type: ignore[no-untyped-call]
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(rng.normal(0, head.in_features**-0.5, tuple(head.weight.shape))))
        head.bias.zero_()
    encoder.train()
    for step, rows in training_steps([encoder, head], len(heard[0].texts), recipe.encoder_steps, recipe, rng):
        batch = heard[step % len(heard)]
        logits = head(outputs(batch.inputs[rows]).last_hidden_state)  # (B, F, sum of counts)
        moments = torch.from_numpy(_at(batch.moments[rows.numpy()], *frames, logits.shape[1]))  # (B, F, 3)
        parts = zip(torch.split(logits, list(counts), dim=-1), moments.unbind(-1), strict=True)
        loss = sum(functional.cross_entropy(part.transpose(1, 2), target) for part, target in parts)
        loss.backward()  # type: ignore[union-attr]
        progress((step + 1) / recipe.encoder_steps)
    encoder.eval()


def train_decoder(
    loaded: Loaded,
    heard: Sequence[Heard],
    recipe: SpeechRecipe,
    rng: np.random.Generator,
    progress: Callable[[float], None],
) -> None:
    """Trains in place, the encoder left as it is; in eval mode afterwards."""
    model: Any = loaded.model
    kept = [_encoded(model, batch.inputs, recipe.batch_size) for batch in heard]
    decoder, prompt, end = model.model.decoder, loaded.extra["prompt"], model.config.eos_token_id
    decoder.train()
    for step, rows in training_steps([decoder], len(heard[0].texts), recipe.decoder_steps, recipe, rng):
        texts = heard[step % len(heard)].texts
        tokens = [transcripts.text_tokens(model.tokenizer, texts[row], 10**6) for row in rows.tolist()]
        batch = transcripts.with_text(prompt, tokens, end)
        states = decoder(
            input_ids=batch["decoder_input_ids"], encoder_hidden_states=kept[step % len(kept)][rows], use_cache=False
        ).last_hidden_state
        loss = transcripts.text_loss(model.proj_out(states), batch["labels"], label_smoothing=0.0)
        loss.backward()  # type: ignore[no-untyped-call]
        progress((step + 1) / recipe.decoder_steps)
    decoder.eval()


@torch.no_grad()
def _encoded(model: Any, inputs: Tensor, batch_size: int) -> Tensor:
    return torch.cat([model.model.encoder(part).last_hidden_state for part in torch.split(inputs, batch_size)])


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
