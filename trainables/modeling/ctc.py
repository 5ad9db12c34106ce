"""Connectionist temporal classification: a token or a blank for every frame. Shared by backbones.

Paper: Graves et al. 2006, "Connectionist Temporal Classification: Labelling Unsegmented Sequence Data with Recurrent
Neural Networks".
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from trainables.modeling.answers import IGNORED


def labels(spelled: Sequence[Sequence[int]]) -> Tensor:
    """(B, L): texts as token ids, IGNORED behind them."""
    return pad_sequence([torch.tensor(ids, dtype=torch.long) for ids in spelled], True, padding_value=IGNORED)


def losses(logits: Tensor, frames: Tensor, labels: Tensor, *, blank: int, label_smoothing: float) -> Tensor:
    """(B, T, V), (B,) frames of each clip, (B, L) -> (B,): the negative log-probability of each clip's text for each
    of its tokens, at least in float32. It is infinite where a clip has too few frames, which a plan finds before.

    What lies behind a clip's frames has no part in it. `label_smoothing` mixes in the mean of -log p over all tokens of
    a clip's frames (Kim et al. 2017, "Improved training for online end-to-end speech recognition systems", arXiv
    1711.02212).
    """
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32)).log_softmax(-1)
    said = labels != IGNORED
    lengths = said.sum(dim=1)
    # torch's own kernel alone: cuDNN's takes other lengths and gives other last digits
    with torch.backends.cudnn.flags(enabled=False):
        each = functional.ctc_loss(
            wide.transpose(0, 1), labels.masked_fill(~said, blank), frames, lengths, blank=blank, reduction="none"
        )
    each = each / lengths.clamp(min=1)
    if label_smoothing == 0.0:
        return each
    inside = torch.arange(wide.shape[1], device=wide.device) < frames[:, None]
    uniform = -(wide.mean(dim=-1) * inside).sum(dim=1) / frames
    return (1 - label_smoothing) * each + label_smoothing * uniform


def best_tokens(logits: Tensor, frames: Tensor) -> list[list[int]]:
    """(B, T, V), (B,) -> the most probable token of every frame of each clip."""
    rows: list[list[int]] = logits.argmax(dim=-1).tolist()
    return [row[:count] for row, count in zip(rows, frames.tolist(), strict=True)]
