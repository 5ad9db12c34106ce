"""Every name leads to what bears it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import pytest

from trainables import registry
from trainables.outline import outline


@pytest.mark.parametrize("name", registry.BACKBONES)
def test_a_backbone_of_each_name(name: str) -> None:
    assert name == outline(name).NAME


@pytest.mark.parametrize("kind", registry.TASKS)
def test_a_task_of_each_kind(kind: str) -> None:
    task = registry.task_class(kind)
    assert is_dataclass(task)
    assert task.kind == kind
    assert fields(task)
    assert set(task.lower_is_better) <= set(task.metrics)


def test_published_sizes_and_those_of_the_miniature() -> None:
    backbone = outline("ast")
    for name, size in {**backbone.SIZES, **backbone.MINIATURE_SIZES}.items():
        assert registry.size_of(backbone, name) is size
    with pytest.raises(KeyError):
        registry.size_of(backbone, "gigantic")
