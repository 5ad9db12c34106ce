"""Prompts and answers as token tensors, for models with a language-model head.

Training: each prompt with its one right answer. Scoring: each prompt once, with every possible answer behind it in the
same sequence. Each answer sees the prompt and itself only and starts at the position after the prompt (the tree
attention of SpecInfer, Miao et al. 2024, with the prompt as its root), so that one forward pass gives the same numbers
as one pass per answer, without copying a key-value cache per answer.

Writing: the most probable token, again and again.

Rows are padded on the right and positions count a row's own tokens: a row does not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

IGNORED = -100  # cross-entropy's mark for tokens without a loss


def with_answer(prompts: Sequence[list[int]], answers: Sequence[list[int]]) -> dict[str, Tensor]:
    """Row i is prompts[i] + answers[i]: input_ids, attention_mask, position_ids and labels, each (B, T).

    labels is IGNORED wherever no answer stands.
    """
    pairs = list(zip(prompts, answers, strict=True))
    ids, valid = _padded([prompt + answer for prompt, answer in pairs], 0)
    labels, _ = _padded([[IGNORED] * len(prompt) + answer for prompt, answer in pairs], IGNORED)
    positions = torch.arange(ids.shape[1]).repeat(len(pairs), 1)
    return {"input_ids": ids, "attention_mask": valid.long(), "position_ids": positions, "labels": labels}


def answer_tokens(labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(B, T) -> row, position, token, (A,) each: the A answer tokens, and where each of them is to be predicted."""
    row, position = (labels[:, 1:] != IGNORED).nonzero(as_tuple=True)
    return row, position, labels[row, position + 1]


def mean_over_rows(values: Tensor, row: Tensor, rows: int) -> Tensor:
    """The mean over rows of each row's mean, a scalar: accumulating small batches equals one large batch."""
    return (values / torch.bincount(row, minlength=rows)[row]).sum() / rows


def means_of_rows(values: Tensor, row: Tensor, rows: int) -> Tensor:
    """(rows,): each row's mean."""
    return values.new_zeros(rows).index_add(0, row, values) / torch.bincount(row, minlength=rows)


def every_answer(prompts: Sequence[list[int]], answers: Sequence[list[int]]) -> dict[str, Tensor]:
    """Row i is prompts[i], padded, then the tokens of all C answers except each one's last, which is only predicted.

    input_ids, position_ids (B, T); attention_mask (B, 1, T, T), true where a token may look; score_position and
    score_token (B, S), where a token is predicted and which; score_label (B, S, C), 1 at the answer it belongs to.
    """
    ids, valid = _padded(prompts, 0)  # (B, P)
    rows, width = ids.shape
    lengths = valid.sum(1, keepdim=True)  # (B, 1)
    read = [(which, place, token) for which, answer in enumerate(answers) for place, token in enumerate(answer[:-1])]
    owner, place, token = torch.tensor(read, dtype=torch.long).reshape(-1, 3).unbind(1)  # (R,) each

    total = width + len(read)
    may_look = torch.ones(total, total, dtype=torch.bool).tril().repeat(rows, 1, 1)  # (B, T, T)
    may_look[:, :, :width] &= valid[:, None, :]
    may_look[:, width:, width:] &= owner[:, None] == owner[None, :]

    # An answer's first token is predicted at the prompt's last token, each later one at the token before it.
    position: list[int] = []
    start = width
    for answer in answers:
        position += [-1, *range(start, start + len(answer) - 1)]
        start += len(answer) - 1
    at = torch.tensor(position).repeat(rows, 1)  # (B, S)
    label = torch.tensor([which for which, answer in enumerate(answers) for _ in answer])
    return {
        "input_ids": torch.cat([ids, token.repeat(rows, 1)], dim=1),
        "position_ids": torch.cat([torch.arange(width).repeat(rows, 1), lengths + place], dim=1),
        "attention_mask": may_look[:, None],
        "score_position": torch.where(at < 0, lengths - 1, at),
        "score_token": torch.tensor([token for answer in answers for token in answer]).repeat(rows, 1),
        "score_label": functional.one_hot(label, len(answers)).repeat(rows, 1, 1),
    }


def logits_at(model: Any, batch: Mapping[str, Tensor], sound: Sequence[str], row: Tensor, position: Tensor) -> Tensor:
    """Next-token logits at the given places only (the vocabulary is large), at least in float32. `model` is the bare
    one, and hears the tensors of `batch` that are named `sound`."""
    names = ("input_ids", "attention_mask", "position_ids", *sound)
    hidden = model.model(**{name: batch[name] for name in names}, use_cache=False).last_hidden_state  # (B, T, H)
    logits: Tensor = model.lm_head(hidden[row, position])
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def token_losses(
    model: Any, batch: Mapping[str, Tensor], sound: Sequence[str], label_smoothing: float
) -> tuple[Tensor, Tensor]:
    """Cross-entropy of each of the A answer tokens, and its row; (A,) both."""
    row, position, token = answer_tokens(batch["labels"])
    logits = logits_at(model, batch, sound, row, position)  # (A, V)
    return functional.cross_entropy(logits, token, label_smoothing=label_smoothing, reduction="none"), row


def sum_per_answer(logits: Tensor, token: Tensor, label: Tensor) -> Tensor:
    """(B, S, V) logits, (B, S) tokens, (B, S, C) owners -> (B, C) summed log-probabilities of the answers' tokens."""
    scores = logits.gather(-1, token[..., None]).squeeze(-1) - logits.logsumexp(-1)  # (B, S)
    return torch.einsum("bs,bsc->bc", scores, label.to(scores.dtype))


def with_prompt(prompts: Sequence[list[int]], most_tokens: int) -> dict[str, Tensor]:
    """What `written` starts from: input_ids, attention_mask, position_ids (B, P), and most_tokens (), how long an
    answer may become."""
    ids, valid = _padded(prompts, 0)
    positions = torch.arange(ids.shape[1]).repeat(len(ids), 1)
    most = torch.tensor(most_tokens)
    return {"input_ids": ids, "attention_mask": valid.long(), "position_ids": positions, "most_tokens": most}


@torch.no_grad()
def written(model: Any, batch: Mapping[str, Tensor], sound: Sequence[str], end: int) -> list[list[int]]:
    """The most probable token, again and again, up to the end token (left out) or `most_tokens`, row by row.

    `batch` as `with_prompt` has it, with the tensors named `sound`, which the model hears with the prompt alone. What
    was read is kept as keys and values; a row's padding stays between its prompt and its answer and is not looked at.
    """
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "position_ids", *sound)}
    lengths, valid = batch["attention_mask"].sum(1), batch["attention_mask"]
    rows = torch.arange(len(lengths), device=lengths.device)
    out = model.model(**inputs, use_cache=True)
    states = out.last_hidden_state[rows, lengths - 1]
    ended, found = torch.zeros(len(rows), dtype=torch.bool, device=rows.device), []
    for place in range(int(batch["most_tokens"])):
        chosen = model.lm_head(states).argmax(dim=-1).masked_fill(ended, end)
        ended = ended | (chosen == end)
        if bool(ended.all()):
            break
        found.append(chosen)
        valid = torch.cat([valid, torch.ones_like(valid[:, :1])], dim=1)
        out = model.model(
            input_ids=chosen[:, None],
            attention_mask=valid,
            position_ids=(lengths + place)[:, None],
            past_key_values=out.past_key_values,
            use_cache=True,
        )
        states = out.last_hidden_state[:, -1]
    tokens = torch.stack(found, dim=1).tolist() if found else [[] for _ in rows]
    return [row[: row.index(end)] if end in row else row for row in tokens]


def texts(model: Any, batch: Mapping[str, Tensor], sound: Sequence[str], end: str) -> list[str]:
    """What is `written` as texts, special tokens left out. The model carries its `tokenizer`."""
    words = model.tokenizer
    rows = written(model, batch, sound, words.convert_tokens_to_ids(end))
    return [words.decode(row, skip_special_tokens=True).strip() for row in rows]


def _padded(rows: Sequence[list[int]], value: int) -> tuple[Tensor, Tensor]:
    """Rows of unequal length -> (B, T) with `value` on the right, and (B, T) true where a row is."""
    ids = pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=value)
    lengths = torch.tensor([len(row) for row in rows])
    return ids, torch.arange(ids.shape[1]) < lengths[:, None]
