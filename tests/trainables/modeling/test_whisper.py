"""Whisper with less than its window: the same numbers as a model that was made with fewer positions."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import WhisperConfig, WhisperForConditionalGeneration

from trainables.contract import Loaded
from trainables.modeling import whisper
from trainables.modeling.seeded import seeded_init
from trainables.modeling.transcripts import LOOP_PERIOD, LOOP_TOKENS, greedy, loops


def config(positions: int) -> WhisperConfig:
    return WhisperConfig(
        d_model=16,
        encoder_layers=2,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_source_positions=positions,
        vocab_size=64,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_id=0,
        decoder_start_token_id=1,
    )


def model(positions: int) -> Any:
    with seeded_init(1):
        return WhisperForConditionalGeneration(config(positions)).eval()


@pytest.mark.parametrize("positions", [40, 150])
def test_a_cut_encoder_is_one_that_was_made_with_fewer_positions(positions: int) -> None:
    whole, small = model(400), model(positions)
    state = whole.state_dict()
    embedded = "model.encoder.embed_positions.weight"
    small.load_state_dict(state | {embedded: state[embedded][:positions]})
    features = torch.randn(2, 80, 2 * positions, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        wanted = small.model.encoder(features).last_hidden_state
        with pytest.raises(ValueError, match="800"):
            whole.model.encoder(features)
        whisper.cut_window(Loaded(whole, None), whole.model.encoder, "fit")
        assert torch.equal(whole.model.encoder(features).last_hidden_state, wanted)
        read = torch.tensor([[1, 5, 6], [1, 7, 8]])
        logits = [each(input_features=features, decoder_input_ids=read).logits for each in (whole, small)]
    assert torch.equal(*logits)


@pytest.mark.parametrize(
    ("frames", "seconds", "positions"),
    [(100, "fit", 150), (172, "fit", 150), (174, "fit", 200), (2990, "fit", 1500), (100, 5.0, 250), (2990, 5.0, 250)],
)
def test_how_long_a_window_is(frames: int, seconds: str | float, positions: int) -> None:
    """Half of the frames and 64 positions more, in steps of 50; behind the clip its last frame, silence, repeats."""
    mel = torch.arange(float(frames)).repeat(80, 1)
    found = whisper.cut(mel, Loaded(torch.nn.Identity(), None, extra={whisper.WINDOW: seconds}), 1500)
    assert found.shape == (80, 2 * positions)
    both = min(frames, 2 * positions)
    assert torch.equal(found[:, :both], mel[:, :both])
    assert (found[:, both:] == frames - 1).all()


def test_what_repeats_itself_is_found_and_nothing_else() -> None:
    block = torch.arange(LOOP_PERIOD)
    rows = [
        torch.full((LOOP_TOKENS,), 3),
        block.repeat(LOOP_TOKENS // LOOP_PERIOD),
        torch.arange(LOOP_TOKENS),
        torch.cat([torch.full((LOOP_TOKENS - 1,), 3), torch.tensor([4])]),
    ]
    assert loops(torch.stack(rows)).tolist() == [True, True, False, False]
    assert loops(torch.full((2, LOOP_TOKENS - 1), 3)).tolist() == [False, False]


def test_an_answer_without_end_is_ended() -> None:
    """This model may say one token, and says it for ever."""
    endless = model(40)
    others = [token for token in range(64) if token != 5]
    heard = torch.zeros(1, 40, 16)
    prompt = torch.tensor([[1]])
    said: dict[bool, list[int]] = {}
    for ends in (False, True):
        (said[ends],) = greedy(endless, heard, prompt, end=0, most_tokens=200, never=others, ends_loops=ends)
    assert len(said[False]) == 200
    assert LOOP_TOKENS <= len(said[True]) < 200
    assert said[False][: len(said[True])] == said[True]
