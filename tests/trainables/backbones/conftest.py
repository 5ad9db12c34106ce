"""Checkpoints for the tests of backbones: a miniature's shape with random weights, laid out as `load` reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.trainables.backbones import random_checkpoints
from trainables import registry
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
