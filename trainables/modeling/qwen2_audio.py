"""Shapes of Qwen2-Audio and of the thinker of Qwen2.5-Omni: the published ones, the miniatures', a checkpoint's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transformers import (
    PreTrainedConfig,
    Qwen2_5OmniThinkerConfig,
    Qwen2_5OmniThinkerForConditionalGeneration,
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
)

from trainables.modeling import configurations, pretrained

MINIATURE_VOCABULARY = 640
_THINKER = Qwen2_5OmniThinkerConfig.model_type
MODELS: dict[str, Any] = {
    Qwen2AudioConfig.model_type: Qwen2AudioForConditionalGeneration,
    _THINKER: Qwen2_5OmniThinkerForConditionalGeneration,
}
_CONFIGS: dict[str, Any] = {Qwen2AudioConfig.model_type: Qwen2AudioConfig, _THINKER: Qwen2_5OmniThinkerConfig}


def published_config(size: str) -> PreTrainedConfig:
    """From the published files, without the network."""
    if size == "3b":
        text = {"vocab_size": 151_936, "hidden_size": 2048, "intermediate_size": 11_008, "num_hidden_layers": 36}
        text |= {"num_attention_heads": 16, "num_key_value_heads": 2, "tie_word_embeddings": False}
        vision = {"hidden_size": 1280, "out_hidden_size": 2048}
        return Qwen2_5OmniThinkerConfig(text_config=text, audio_config={"output_dim": 2048}, vision_config=vision)
    text = {"vocab_size": 156_032, "hidden_size": 4096, "intermediate_size": 11_008, "num_hidden_layers": 32}
    return Qwen2AudioConfig(text_config=text | {"num_attention_heads": 32, "num_key_value_heads": 32})


def miniature_config(size: str, window_seconds: float) -> PreTrainedConfig:
    width = {"mini-600k": 96, "mini-1m": 128}[size]
    heads = width // 32
    text = {"vocab_size": MINIATURE_VOCABULARY, "hidden_size": width, "intermediate_size": 2 * width}
    text |= {"num_hidden_layers": 3, "num_attention_heads": heads, "num_key_value_heads": heads}
    audio = {"d_model": width, "encoder_layers": 2, "encoder_attention_heads": heads, "encoder_ffn_dim": 2 * width}
    audio |= {"max_source_positions": int(50 * window_seconds)}
    return Qwen2AudioConfig(text_config=text, audio_config=audio, audio_token_index=3)


def named_config(checkpoint: str, architectures: Sequence[str], *, backbone: str) -> PreTrainedConfig:
    """A checkpoint's own; of the whole of Qwen2.5-Omni, which also speaks, the thinker's. Raises InputError."""
    said = configurations.read_configuration(checkpoint, architectures, backbone=backbone)
    said = said.get("thinker_config", said)
    built: PreTrainedConfig = pretrained.as_configuration(_CONFIGS[said.get("model_type", _THINKER)], said, checkpoint)
    return built
