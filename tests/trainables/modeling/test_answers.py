"""One sequence with all answers must give what one sequence per answer gives."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from trainables.modeling import answers

PROMPTS = [[5, 6, 7, 8, 9], [5, 9]]
CHOICES = [[1, 2, 0], [1, 0], [3, 3, 3, 0]]


def test_training_rows_mask_the_prompt() -> None:
    batch = answers.with_answer(PROMPTS, [CHOICES[1], CHOICES[0]])
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8, 9, 1, 0], [5, 9, 1, 2, 0, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1] * 7, [1] * 5 + [0] * 2]
    assert batch["labels"].tolist() == [[-100] * 5 + [1, 0], [-100] * 2 + [1, 2, 0] + [-100] * 2]
    row, position, token = answers.answer_tokens(batch["labels"])
    assert row.tolist() == [0, 0, 1, 1, 1]
    assert position.tolist() == [4, 5, 1, 2, 3]
    assert token.tolist() == [1, 0, 1, 2, 0]


def test_mean_over_rows_weighs_rows_alike() -> None:
    values, row = torch.tensor([1.0, 3.0, 7.0]), torch.tensor([0, 0, 1])
    assert answers.mean_over_rows(values, row, 2).item() == (2.0 + 7.0) / 2


def test_an_answer_sees_its_prompt_and_itself_only() -> None:
    batch = answers.every_answer(PROMPTS, CHOICES)
    look = batch["attention_mask"][1, 0]  # the short prompt: 2 tokens, 3 of padding, then 1, 2 | 1 | 3, 3, 3
    assert batch["input_ids"][1].tolist() == [5, 9, 0, 0, 0, 1, 2, 1, 3, 3, 3]
    assert batch["position_ids"][1].tolist() == [0, 1, 2, 3, 4, 2, 3, 2, 2, 3, 4]
    assert look[6].nonzero().flatten().tolist() == [0, 1, 5, 6]
    assert look[7].nonzero().flatten().tolist() == [0, 1, 7]
    assert look[10].nonzero().flatten().tolist() == [0, 1, 8, 9, 10]
    assert look[1].nonzero().flatten().tolist() == [0, 1]


def test_every_token_is_scored_where_it_is_predicted() -> None:
    batch = answers.every_answer(PROMPTS, CHOICES)
    assert batch["score_position"].tolist() == [[4, 5, 6, 4, 7, 4, 8, 9, 10], [1, 5, 6, 1, 7, 1, 8, 9, 10]]
    assert batch["score_token"][0].tolist() == [1, 2, 0, 1, 0, 3, 3, 3, 0]
    assert batch["score_label"][0].argmax(-1).tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 2]


def test_scores_add_up_per_answer() -> None:
    logits = torch.randn(2, 9, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    batch = answers.every_answer(PROMPTS, CHOICES)
    scores = answers.sum_per_answer(logits, batch["score_token"], batch["score_label"])
    log_p = functional.log_softmax(logits, -1)
    expected = sum(log_p[1, place, token] for place, token in zip([3, 4], [1, 0], strict=True))
    assert scores[1, 1].item() == pytest.approx(expected.item())


def test_answers_of_one_token() -> None:
    batch = answers.every_answer([[5, 6]], [[1], [2]])
    assert batch["input_ids"].tolist() == [[5, 6]]
    assert batch["score_position"].tolist() == [[1, 1]]
