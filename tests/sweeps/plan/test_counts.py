"""Counts of an outline are kept, those of a loaded module made; both are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweeps.plan import counts
from sweeps.plan.counts import Choice, size_counts
from trainables import outline, registry

TASK = registry.task("classification", {"labels": ("a", "b", "c")})
CHOICES = [Choice("attention", None, 4), Choice("attention", None, 16), Choice("attention", 2, 4)]


def test_kept_counts_are_those_of_the_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path))
    module: Any = registry.backbone("ast")
    drawn: Any = outline.Outline(registry.BACKBONES["ast"], outline._read(registry.BACKBONES["ast"]))
    size = next(iter(module.MINIATURE_SIZES))
    counted = size_counts("ast", module, size, TASK, "full", CHOICES)
    assert [count.choice for count in counted.targets] == CHOICES
    assert size_counts("ast", drawn, size, TASK, "full", CHOICES) == counted
    monkeypatch.setattr(counts, "_counted", lambda *arguments: pytest.fail("counted a second time"))
    assert size_counts("ast", drawn, size, TASK, "full", CHOICES) == counted
    with pytest.raises(pytest.fail.Exception):
        size_counts("ast", drawn, size, TASK, "lora", CHOICES)


def test_a_preset_that_matches_other_modules_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = registry.backbone("ast")
    size = next(iter(module.MINIATURE_SIZES))
    preset = module.PRESETS["attention"]
    wrong = type(preset)(preset.pattern, {size: 1})
    monkeypatch.setattr(module, "PRESETS", {**module.PRESETS, "attention": wrong})
    counted = size_counts("ast", module, size, TASK, "full", CHOICES[:1])
    assert counted.targets == ()
    assert "must match 1" in counted.problems[0]
