"""Checkpoints for the tests of backbones: a miniature's shape with random weights, laid out as `load` reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from trainables import registry


def write(name: str, options: Mapping[str, Any], folder: Path) -> None:
    backbone: Any = registry.backbone(name)
    size = next(iter(backbone.MINIATURE_SIZES))
    if hasattr(backbone, "build"):
        backbone.write(backbone.build(size, registry.task(backbone.TASKS[0], dict(options)), seed=0), size, folder)
        return
    from transformers import Qwen2AudioForConditionalGeneration, WhisperFeatureExtractor

    from trainables.miniature.questions import tokenizer

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        Qwen2AudioForConditionalGeneration(backbone.config(size)).save_pretrained(folder)
    tokenizer(backbone.MINIATURE_VOCABULARY).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=128, chunk_length=2).save_pretrained(folder)


@pytest.fixture(scope="session")
def write_random() -> Callable[[str, Mapping[str, Any], Path], None]:
    """`write_random(backbone, options of its first task, folder)`, in its smallest size."""
    return write
