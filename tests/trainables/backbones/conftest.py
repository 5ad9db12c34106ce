"""Checkpoints for the tests of backbones: a miniature's shape with random weights, laid out as `load` reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Qwen2_5OmniThinkerForConditionalGeneration, WhisperFeatureExtractor

from tests.trainables.backbones import random_checkpoints
from trainables import registry
from trainables.backbones import qwen2_audio
from trainables.miniature import questions


def write(name: str, options: Mapping[str, Any], folder: Path) -> None:
    backbone: Any = registry.backbone(name)
    if not backbone.MINIATURE_SIZES:
        random_checkpoints.write_checkpoint(name, random_checkpoints.SOME[name], folder, options)
        return
    size = next(iter(backbone.MINIATURE_SIZES))
    model = backbone.build(size, registry.task(backbone.TASKS[0], dict(options)), seed=0)
    # a language model reads words as the miniatures do: one token a byte would make its prompts many times as long
    words = [questions.tokenizer(backbone.MINIATURE_VOCABULARY)] if name == "qwen2_audio" else []
    backbone.write(model, size, folder, *words)


@pytest.fixture(scope="session")
def write_random() -> Callable[[str, Mapping[str, Any], Path], None]:
    """`write_random(backbone, options of its first task, folder)`, in its smallest size, or some kind of checkpoint."""
    return write


@pytest.fixture(scope="session")
def thinker_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thinker with every part of the published one, the picture tower included, in tiny."""
    folder = tmp_path_factory.mktemp("thinker")
    config: Any = qwen2_audio.config("3b")
    small = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    config.text_config.__dict__.update(small, vocab_size=640, intermediate_size=64, layer_types=["full_attention"] * 2)
    config.text_config.rope_parameters = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2, 2, 2]}
    config.audio_config.__dict__.update(d_model=32, encoder_layers=2, encoder_attention_heads=4, encoder_ffn_dim=64)
    config.audio_config.__dict__.update(output_dim=48, max_source_positions=1500)
    config.vision_config.__dict__.update(depth=1, hidden_size=32, num_heads=2, intermediate_size=32, out_hidden_size=48)
    config.vision_config.fullatt_block_indexes = [0]
    config.audio_token_index, config.vision_start_token_id = 3, 6  # the published file has the latter, the class not
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        Qwen2_5OmniThinkerForConditionalGeneration(config).save_pretrained(folder)
    questions.tokenizer(640).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=128, chunk_length=300).save_pretrained(folder)  # as the published one
    return folder


@pytest.fixture(params=["qwen2_audio", "thinker"])
def checkpoint(request: pytest.FixtureRequest, tiny_checkpoint: Path, thinker_checkpoint: Path) -> Path:
    return tiny_checkpoint if request.param == "qwen2_audio" else thinker_checkpoint
