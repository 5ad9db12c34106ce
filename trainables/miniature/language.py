"""Stage 2: the tower frozen and its outputs kept, projector and language model learn to answer questions.

Several questions share a clip in one sequence. Each sees the clip and itself only, at the positions that it would have
alone, so that every one of them is what `label_scoring` asks later.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from trainables.backbones import qwen2_audio
from trainables.miniature import questions
from trainables.miniature.optimizer import training_steps
from trainables.miniature.recipe import Recipe
from trainables.miniature.tower import Clips, outputs
from trainables.modeling.answers import IGNORED


def train_language(
    model: Any,
    tokenizer: Any,
    clips: Clips,
    recipe: Recipe,
    rng: np.random.Generator,
    progress: Callable[[float], None],
) -> None:
    """Trains all but the tower in place, float32, in eval mode afterwards."""
    with torch.no_grad():
        parts = [
            outputs(model.model.audio_tower, clips.mel[start : start + 64], clips.mask[start : start + 64])
            for start in range(0, len(clips), 64)
        ]
    hidden, valid = (torch.cat(part) for part in zip(*parts, strict=True))  # (N, F / 4, width), (N, F / 4)

    @cache
    def encode(text: str) -> tuple[int, ...]:
        return tuple(tokenizer(text, add_special_tokens=False)["input_ids"])

    end = tokenizer.convert_tokens_to_ids(qwen2_audio.END_OF_TURN)
    before = torch.tensor(encode(qwen2_audio.chat("", "qwen2_audio")[0]))

    def turn(question: questions.Question) -> tuple[list[int], list[int]]:
        """What follows the clip, and the same with IGNORED instead of the question."""
        asked = encode(qwen2_audio.chat(question.prompt, "qwen2_audio")[1])
        answer = [*encode(question.answer), end]
        return [*asked, *answer], [IGNORED] * len(asked) + answer

    projector, language = model.model.multi_modal_projector, model.model.language_model
    embed = language.get_input_embeddings()
    language.train()
    modules = [projector, language, model.lm_head]
    for step, rows in training_steps(modules, len(clips), recipe.language_steps, recipe, rng):
        asked = [questions.of_clip(rng, clips.properties[row], recipe.questions_per_clip) for row in rows.tolist()]
        turns = [turn(question) for of_clip in asked for question in of_clip]
        length = max(len(tokens) for tokens, _ in turns) - 1  # the last token is only predicted
        tokens = _grid([tokens[:-1] for tokens, _ in turns], length, 0).reshape(len(rows), -1)  # (B, Q * length)
        labels = _grid([labels[1:] for _, labels in turns], length, IGNORED).reshape(len(rows), -1)
        prefix = torch.cat([embed(before).expand(len(rows), -1, -1), projector(hidden[rows])], dim=1)  # (B, P, H)
        prefix_valid = torch.cat([torch.ones(len(rows), len(before), dtype=torch.bool), valid[rows]], dim=1)
        may_look, positions = _attention(prefix_valid, len(asked[0]), length)
        states = language(
            inputs_embeds=torch.cat([prefix, embed(tokens)], dim=1),
            attention_mask=may_look,
            position_ids=positions,
            use_cache=False,
        ).last_hidden_state[:, prefix.shape[1] :]
        answered = labels != IGNORED
        functional.cross_entropy(model.lm_head(states[answered]), labels[answered]).backward()  # type: ignore[no-untyped-call]
        progress((step + 1) / recipe.language_steps)
    language.eval()


def _grid(rows: list[list[int]], length: int, value: int) -> Tensor:
    """(rows, length), padded on the right with `value`."""
    return torch.tensor([row + [value] * (length - len(row)) for row in rows])


def _attention(prefix_valid: Tensor, turns: int, length: int) -> tuple[Tensor, Tensor]:
    """(B, P) -> may_look (B, 1, T, T) and positions (B, T), T = P + turns * length."""
    count, width = prefix_valid.shape
    total = width + turns * length
    owner = torch.arange(turns * length) // length
    may_look = torch.ones(total, total, dtype=torch.bool).tril()
    may_look[width:, width:] &= owner[:, None] == owner[None, :]
    may_look = may_look.repeat(count, 1, 1)
    may_look[:, :, :width] &= prefix_valid[:, None, :]
    places = prefix_valid.sum(1, keepdim=True) + torch.arange(length).repeat(turns)
    return may_look[:, None], torch.cat([torch.arange(width).repeat(count, 1), places], dim=1)
