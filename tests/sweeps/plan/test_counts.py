"""Counts of an outline are kept, those of a loaded module made; both are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweeps.plan import counts
from sweeps.plan.counts import WHOLE_MODEL, Choice, size_counts, unquantizable
from trainables import outline, registry
from trainables.config import ADAPTERS

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


def test_kinds_of_adapters_are_counted_each_its_own_way() -> None:
    module: Any = registry.backbone("ast")
    size = next(iter(module.MINIATURE_SIZES))
    plain, kinds = Choice("attention", None, 4), [Choice("attention", None, 4, kind) for kind in ("dora", "pissa")]
    counted = size_counts("ast", module, size, TASK, "full", [plain, *kinds, WHOLE_MODEL])
    lora, dora, pissa, whole = counted.targets
    config = module.skeleton(size, TASK).config
    rows = lora.matched_modules * config.hidden_size  # each projection gives as many values
    assert (dora.adapter_params, pissa.adapter_params) == (lora.adapter_params + rows, lora.adapter_params)
    assert (whole.adapter_params, whole.matched_modules) == (0, 0)
    assert whole.trainable_params == whole.total_params == lora.total_params
    assert whole.head_params == lora.head_params


def test_what_cannot_be_taken_apart_is_a_problem() -> None:
    def problem(name: str, preset: str, rank: int) -> str:
        module: Any = registry.backbone(name)
        size = next(iter(module.MINIATURE_SIZES))
        (found,) = size_counts(name, module, size, TASK, "full", [Choice(preset, None, rank, "pissa")]).problems
        return found

    assert "search.adapter: pissa takes at most rank" in problem("ast", "attention", 4096)
    assert "is a Conv2d: choose other target_modules" in problem("efficientat", "pointwise", 4)


def test_adapters_that_change_weights_do_not_go_with_four_bits() -> None:
    pairs = [(adapter, bits) for adapter in ADAPTERS for bits in ("none", "nf4")]
    found = unquantizable(pairs)
    assert [problem.split()[1] for problem in found] == ["pissa", "olora", "none"]
    assert all("which nf4 keeps in 4 bits: leave one of the two out" in problem for problem in found)
