"""WavLM: HuBERT's way of learning, on speech mixed with noise and other speakers, with gated relative positions.

Paper: Chen et al. 2021, "WavLM: Large-Scale Self-Supervised Pre-Training for Full Stack Speech Processing", arXiv
2110.13900.
Checkpoints: base microsoft/wavlm-base-plus, large microsoft/wavlm-large (94,000 hours each).
Licence: MIT. The miniatures are made here: Apache-2.0.
Input: mono, 16,000 Hz, up to 10 s of waveform; zero mean and unit variance for `large` alone, as their files say
-> 50 frames per second.

How it is loaded, padded and asked: trainables/modeling/wav2vec2_family.py. transformers hands the bare weights of
WavLM's attention to torch, past its modules, and an adapter on them would never be asked: `attend` asks the modules.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MethodType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import WavLMConfig, WavLMForCTC, WavLMForSequenceClassification

from trainables.contract import Size
from trainables.modeling import wav2vec2_family
from trainables.modeling.wav2vec2_family import Family

NAME = "wavlm"
TASKS = wav2vec2_family.TASKS
SAMPLE_RATE_HZ = wav2vec2_family.SAMPLE_RATE_HZ
WINDOW_SECONDS = 10.0
MINIATURE_WINDOW_SECONDS = 2.0
SPECTROGRAM = None
HEAD_MODULES = wav2vec2_family.HEAD_MODULES
WRITER = wav2vec2_family.WRITER
ARCHITECTURES = ("wavlm",)
BESIDE = wav2vec2_family.BESIDE

# `total_params`: without the head
SIZES: Mapping[str, Size] = {
    "base": Size("microsoft/wavlm-base-plus", None, "MIT", 94_381_168),
    "large": Size("microsoft/wavlm-large", None, "MIT", 315_455_680),
}
MINIATURE_SIZES: Mapping[str, Size] = {
    "mini-300k": Size("mini-300k", None, "Apache-2.0", 290_980),
    "mini-600k": Size("mini-600k", None, "Apache-2.0", 639_768),
}
CHAIN = "feature_extractor"  # the first layer's positions reach every other one beside its output
GATES = "gru_rel_pos_linear"  # tiny, and they scale every position: in no preset, and not in 4 bits


class WavLMClassifier(WavLMForSequenceClassification):  # type: ignore[misc]
    """transformers' own, except that its attention asks its modules."""

    def __init__(self, config: WavLMConfig) -> None:
        super().__init__(config)
        ask_modules(self)


class WavLMRecogniser(WavLMForCTC):  # type: ignore[misc]
    """Likewise."""

    def __init__(self, config: WavLMConfig) -> None:
        super().__init__(config)
        ask_modules(self)


def ask_modules(model: Any) -> None:
    for layer in model.wavlm.encoder.layers:
        layer.attention.torch_multi_head_self_attention = MethodType(attend, layer.attention)


def attend(
    attention: Any, hidden_states: Tensor, attention_mask: Tensor | None, gated_position_bias: Tensor
) -> tuple[Tensor, None]:
    """(B, T, D) -> (B, T, D). `attention_mask` (B, T): 1 for what is heard; `gated_position_bias` (B * heads, T, T)."""
    batch, frames, _ = hidden_states.shape

    def heads(projection: Any) -> Tensor:
        projected: Tensor = projection(hidden_states)
        return projected.view(batch, frames, attention.num_heads, attention.head_dim).transpose(1, 2)

    query, key, value = (heads(part) for part in (attention.q_proj, attention.k_proj, attention.v_proj))
    bias = gated_position_bias.view(batch, attention.num_heads, frames, frames).to(query.dtype)
    if attention_mask is not None:
        bias = bias.masked_fill(~attention_mask[:, None, None, :].bool(), -torch.inf)
    mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
    return attention.out_proj(mixed.transpose(1, 2).reshape(batch, frames, -1)), None


FAMILY = Family("wavlm", WavLMClassifier, WavLMRecogniser, WavLMConfig, SIZES, kept=(GATES,), chain=CHAIN)
PRESETS = FAMILY.presets
config, skeleton, load, build, write = FAMILY.config, FAMILY.skeleton, FAMILY.load, FAMILY.build, FAMILY.write
features, collate, predict = FAMILY.features, FAMILY.collate, FAMILY.predict
clip_losses, described = FAMILY.clip_losses, FAMILY.described
