"""Checkpoints for the tests of backbones: a miniature's shape with random weights, laid out as `load` reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from trainables import registry


def write(name: str, options: Mapping[str, Any], folder: Path) -> None:
    backbone: Any = registry.backbone(name)
    size = next(iter(backbone.MINIATURE_SIZES))
    backbone.write(backbone.build(size, registry.task(backbone.TASKS[0], dict(options)), seed=0), size, folder)


@pytest.fixture(scope="session")
def write_random() -> Callable[[str, Mapping[str, Any], Path], None]:
    """`write_random(backbone, options of its first task, folder)`, in its smallest size."""
    return write
