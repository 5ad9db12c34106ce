"""Transcripts as tokens, for models with an encoder that hears and a decoder that writes. Shared by backbones.

The decoder reads a prompt (a start token, for some models also language and task) and the text; at each place it
predicts the next token, after the text the end token. Rows are padded on the right: a row does not depend on its
neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from transformers import DynamicCache, EncoderDecoderCache

from trainables.errors import InputError
from trainables.modeling.answers import IGNORED, mean_over_rows, means_of_rows

LOOP_TOKENS, LOOP_PERIOD, LOOP_STRIDE = 32, 8, 8  # looked for after every so many tokens


def with_text(prompt: Sequence[int], texts: Sequence[Sequence[int]], end: int) -> dict[str, Tensor]:
    """`with_texts`, every row with the same prompt."""
    return with_texts([prompt] * len(texts), texts, end)


def with_texts(prompts: Sequence[Sequence[int]], texts: Sequence[Sequence[int]], end: int) -> dict[str, Tensor]:
    """decoder_input_ids and labels, both (B, T): row i reads prompts[i] + texts[i] and is to say texts[i] + end.

    labels[:, t] is what comes after the token at t, so that nothing has to be shifted; IGNORED where no text stands.
    """
    rows = list(zip(prompts, texts, strict=True))
    read = [torch.tensor([*prompt, *text]) for prompt, text in rows]
    said = [torch.tensor([IGNORED] * (len(prompt) - 1) + [*text, end]) for prompt, text in rows]
    return {
        "decoder_input_ids": pad_sequence(read, batch_first=True, padding_value=end),
        "labels": pad_sequence(said, batch_first=True, padding_value=IGNORED),
    }


def with_prompt(prompt: Sequence[int], rows: int, most_tokens: int) -> dict[str, Tensor]:
    """`with_prompts`, every row with the same one."""
    return with_prompts([prompt] * rows, most_tokens)


def with_prompts(prompts: Sequence[Sequence[int]], most_tokens: int) -> dict[str, Tensor]:
    """What `greedy` starts from: decoder_input_ids (B, P), prompts of one length, and most_tokens (), how long an
    answer may become."""
    return {"decoder_input_ids": torch.tensor(prompts), "most_tokens": torch.tensor(most_tokens)}


def text_loss(logits: Tensor, labels: Tensor, *, label_smoothing: float) -> Tensor:
    """(B, T, V), (B, T) -> the mean over clips of the mean cross-entropy of a clip's tokens, end token included.

    A mean over clips, not over the batch's tokens: accumulating small batches equals one large batch.
    """
    each, row = _token_losses(logits, labels, label_smoothing)
    return mean_over_rows(each, row, len(labels))


def text_losses(logits: Tensor, labels: Tensor, *, label_smoothing: float) -> Tensor:
    """(B, T, V), (B, T) -> (B,): each clip's part of `text_loss`, which is their mean."""
    each, row = _token_losses(logits, labels, label_smoothing)
    return means_of_rows(each, row, len(labels))


def _token_losses(logits: Tensor, labels: Tensor, label_smoothing: float) -> tuple[Tensor, Tensor]:
    """Cross-entropy of each of the A tokens that are said, and its row; (A,) both."""
    row, place = (labels != IGNORED).nonzero(as_tuple=True)
    wide = logits[row, place].to(torch.promote_types(logits.dtype, torch.float32))  # (A, V)
    each = functional.cross_entropy(wide, labels[row, place], label_smoothing=label_smoothing, reduction="none")
    return each, row


@torch.no_grad()
def greedy(
    model: Any,
    heard: Tensor,
    prompt: Tensor,
    *,
    end: int,
    most_tokens: int,
    never: Sequence[int] = (),
    never_first: Sequence[int] = (),
    ends_loops: bool = False,
) -> list[list[int]]:
    """The most probable token, again and again, up to the end token (left out) or `most_tokens`.

    `heard` (B, S, H) is what the encoder made of the clips, `prompt` (B, P). What was read is kept as keys and values.
    `never` are tokens that are never said, `never_first` those that no answer begins with. `ends_loops`: an answer that
    has said the same few tokens over and over (`loops`) ends there.
    """
    cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
    read, ended, found = prompt, torch.zeros(len(prompt), dtype=torch.bool, device=prompt.device), []
    for place in range(most_tokens):
        states = model.model.decoder(
            input_ids=read, encoder_hidden_states=heard, past_key_values=cache, use_cache=True
        ).last_hidden_state[:, -1]
        logits = model.proj_out(states)  # (B, V)
        logits[:, [*never, *(never_first if place == 0 else ())]] = -torch.inf
        chosen = logits.argmax(dim=-1).masked_fill(ended, end)
        ended = ended | (chosen == end)
        if bool(ended.all()):
            break
        found.append(chosen)
        if ends_loops and len(found) % LOOP_STRIDE == 0:
            ended = ended | loops(torch.stack(found[-LOOP_TOKENS:], dim=1))
        read = chosen[:, None]
    rows = torch.stack(found, dim=1).tolist() if found else [[] for _ in range(len(prompt))]
    return [row[: row.index(end)] if end in row else row for row in rows]


def loops(tokens: Tensor) -> Tensor:
    """(B, T) -> (B,) whether the last LOOP_TOKENS tokens repeat a block of at most LOOP_PERIOD tokens throughout."""
    if tokens.shape[1] < LOOP_TOKENS:
        return torch.zeros(len(tokens), dtype=torch.bool, device=tokens.device)
    last = tokens[:, -LOOP_TOKENS:]
    repeats = [(last[:, period:] == last[:, :-period]).all(dim=1) for period in range(1, LOOP_PERIOD + 1)]
    return torch.stack(repeats).any(dim=0)


def text_tokens(tokenizer: Any, text: str, most_tokens: int) -> list[int]:
    """A transcript as tokens, nothing added; what reads like a control token in it is text. Raises InputError where
    there are more than the decoder can write, which a plan has found before."""
    tokens: list[int] = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    if len(tokens) > most_tokens:
        raise InputError(
            f"the text {text[:40]!r}... has {len(tokens)} tokens and the model writes at most {most_tokens}: cut the "
            "clip into shorter ones, or leave it out."
        )
    return tokens
