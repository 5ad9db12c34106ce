"""The loss of CTC by its definition, and apart from neighbours."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor

from trainables.modeling.ctc import best_tokens, labels, losses

VOCABULARY, BLANK = 4, 0


def by_paths(logits: Tensor, text: list[int]) -> float:
    """- log of the summed probability of every path of frames that reads as the text."""
    shares, total = logits.softmax(-1), 0.0
    for path in itertools.product(range(VOCABULARY), repeat=len(logits)):
        merged = [token for token, _ in itertools.groupby(path)]
        if [token for token in merged if token != BLANK] == text:
            total += math.prod(float(shares[frame, token]) for frame, token in enumerate(path))
    return -math.log(total)


def test_a_loss_is_that_of_all_paths() -> None:
    logits = torch.randn(2, 5, VOCABULARY, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    texts, frames = [[1, 1, 2], [3]], torch.tensor([5, 4])
    found = losses(logits, frames, labels(texts), blank=BLANK, label_smoothing=0.0)
    expected = [by_paths(row[:count], text) / len(text) for row, count, text in zip(logits, (5, 4), texts, strict=True)]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


def test_a_text_of_nothing_is_all_blanks() -> None:
    logits = torch.zeros(1, 3, VOCABULARY)
    found = losses(logits, torch.tensor([3]), labels([[]]), blank=BLANK, label_smoothing=0.0)
    torch.testing.assert_close(found, torch.tensor([3 * math.log(VOCABULARY)]))


def test_what_lies_behind_a_clip_has_no_part() -> None:
    logits = torch.randn(1, 6, VOCABULARY, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    behind = torch.full((1, 3, VOCABULARY), 7.0, dtype=torch.float64)
    wide = torch.cat([logits, behind], dim=1).requires_grad_()
    for smoothing in (0.0, 0.2):
        alone = losses(logits, torch.tensor([6]), labels([[1, 2]]), blank=BLANK, label_smoothing=smoothing)
        padded = losses(wide, torch.tensor([6]), labels([[1, 2]]), blank=BLANK, label_smoothing=smoothing)
        torch.testing.assert_close(padded, alone, rtol=1e-12, atol=1e-12)
    (gradient,) = torch.autograd.grad(padded.sum(), wide)
    assert not gradient[:, 6:].any()
    assert gradient[:, :6].any()
    wide = wide.detach().clone()
    wide[:, 6:, 3] = 99.0
    assert best_tokens(wide, torch.tensor([6])) == logits.argmax(-1).tolist()


def test_label_smoothing_is_a_share_of_the_uniform_answer() -> None:
    logits = torch.randn(1, 4, VOCABULARY, generator=torch.Generator().manual_seed(2))
    plain, smooth, full = (
        losses(logits, torch.tensor([4]), labels([[1]]), blank=BLANK, label_smoothing=share)
        for share in (0.0, 0.3, 1.0)
    )
    torch.testing.assert_close(full, -logits.log_softmax(-1).mean()[None])
    torch.testing.assert_close(smooth, 0.7 * plain + 0.3 * full)
