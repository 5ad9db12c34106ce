"""Whisper's decoder is told the language of each clip, and answers as long as its labels may be."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from trainables import registry
from trainables.contract import Loaded
from trainables.modeling.byte_tokenizer import byte_tokenizer
from trainables.tasks.transcription import Transcription

whisper: Any = registry.backbone("whisper")
TAGS = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|transcribe|>", "<|notimestamps|>"]
FEATURES = [torch.zeros(80, 20), torch.zeros(80, 30)]


@pytest.fixture
def loaded() -> Loaded:
    tokenizer = byte_tokenizer(TAGS, start=TAGS[0], end=TAGS[0])
    config = SimpleNamespace(max_source_positions=150, max_target_positions=128, eos_token_id=0)
    generation = SimpleNamespace(is_multilingual=True)
    model: Any = SimpleNamespace(config=config, tokenizer=tokenizer)

    def prompt(code: str) -> list[int]:
        return list(whisper.prompt_tokens(tokenizer, generation, code))

    return Loaded(model, None, extra={"prompt": prompt("en"), "prompt_in": prompt})


def batch(loaded: Loaded, targets: Sequence[str] | None, **told: Any) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = whisper.collate(loaded, FEATURES, Transcription(), targets, **told)
    return found


@pytest.mark.parametrize("targets", [None, ["one", "eins"]])
def test_every_clip_in_its_language(loaded: Loaded, targets: list[str] | None) -> None:
    told = batch(loaded, targets, languages=[None, "de"])["decoder_input_ids"]
    assert told[:, :4].tolist() == [[1, 2, 4, 5], [1, 3, 4, 5]]
    alike = batch(loaded, targets)
    assert alike["decoder_input_ids"][:, :4].tolist() == [[1, 2, 4, 5]] * 2
    assert torch.equal(alike["decoder_input_ids"], batch(loaded, targets, languages=["en", None])["decoder_input_ids"])


def test_where_nothing_is_said_the_end_follows_the_prompt(loaded: Loaded) -> None:
    labels = batch(loaded, ["", "a"])["labels"]
    assert labels[0].tolist() == [-100, -100, -100, 0, -100, -100]


@pytest.mark.parametrize(("scale", "longest"), [(None, 64), (1.0, 64), (1.5, 96), (9.0, 124)])
def test_how_long_an_answer_may_become(loaded: Loaded, scale: float | None, longest: int) -> None:
    found = whisper.collate(loaded, FEATURES, Transcription(answer_length=scale), None)
    assert int(found["most_tokens"]) == longest
