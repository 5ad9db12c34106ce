"""Shapes of Qwen2-Audio and of the thinker of Qwen2.5-Omni - the published ones, the miniatures', a checkpoint's - and
how they are asked."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from transformers import (
    PreTrainedConfig,
    Qwen2_5OmniThinkerConfig,
    Qwen2_5OmniThinkerForConditionalGeneration,
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
)

from trainables.contract import Loaded
from trainables.modeling import configurations, pretrained, transcripts

MINIATURE_VOCABULARY = 640
AUDIO_TOKEN, END_OF_TURN = "<|AUDIO|>", "<|im_end|>"
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


# The published chat templates, for one turn with one clip (they differ only in how the clip is announced).
_CHAT = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\n{clip}{prompt}<|im_end|>\n<|im_start|>assistant\n"
)
_CLIP = {
    Qwen2AudioConfig.model_type: "Audio 1: <|audio_bos|><|AUDIO|><|audio_eos|>\n",
    Qwen2_5OmniThinkerConfig.model_type: "<|audio_bos|><|AUDIO|><|audio_eos|>",
}


def chat(prompt: str, family: str) -> tuple[str, str]:
    """The text before and after the clip's tokens, up to where the answer begins."""
    before, _, after = _CHAT.format(clip=_CLIP[family], prompt=prompt).partition(AUDIO_TOKEN)
    return before, after


def prompt_tokens(loaded: Loaded, prompt: str) -> tuple[list[int], list[int]]:
    """The tokens before and after the clip's; once per prompt."""
    known: dict[str, tuple[list[int], list[int]]] = loaded.extra.setdefault("prompts", {})
    if prompt not in known:
        before, after = chat(prompt, loaded.extra["family"])
        encoded = loaded.processor["tokenizer"]([before, after], add_special_tokens=False)["input_ids"]
        known[prompt] = encoded[0], encoded[1]
    return known[prompt]


def label_tokens(loaded: Loaded, labels: Sequence[str]) -> list[list[int]]:
    """Each label's tokens with the end-of-turn token; once per task."""
    known: dict[tuple[str, ...], list[list[int]]] = loaded.extra.setdefault("labels", {})
    key = tuple(labels)
    if key not in known:
        known[key] = [answer_tokens(loaded, label) for label in labels]
    return known[key]


def answer_tokens(loaded: Loaded, text: str, most_tokens: int | None = None) -> list[int]:
    """An answer's tokens with the end-of-turn token. Raises InputError: more than `most_tokens`."""
    tokenizer = loaded.processor["tokenizer"]
    limit = sys.maxsize if most_tokens is None else most_tokens
    return [*transcripts.text_tokens(tokenizer, text, limit), tokenizer.convert_tokens_to_ids(END_OF_TURN)]


def audio_tokens(frames: int) -> int:
    """Log-mel frames -> audio tokens: a convolution and a pooling, each of stride 2."""
    return ((frames - 1) // 2 + 1 - 2) // 2 + 1
