"""Axes of an adapter are open where there is one; a configuration without has no rank that tells it from another."""

from __future__ import annotations

from typing import Any

import pytest

from sweeps.config.load import parse_sweep
from sweeps.config.resolve import active_axes, baseline_config, configurations_count, resolve
from sweeps.config.spec import SweepSpec
from trainables.config import TrialConfig
from trainables.errors import InputError

TEXT = """
name: kinds
backbone: ast
task: {kind: classification}
data: {source: speech_detection}
search:
  model_size: base
  ADAPTER
  rank: {choice: [4, 8]}
  alpha_ratio: 2
  target_modules: qv
  learning_rate: 1.0e-3
objective: {metric: val/accuracy}
trials: 4
baseline: {BASELINE}
"""


def spec(adapter: str, baseline: str, *overrides: str) -> SweepSpec:
    return parse_sweep(TEXT.replace("ADAPTER", adapter).replace("BASELINE", baseline), overrides)


def problems(*arguments: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        spec(*arguments)
    return list(caught.value.problems)


def test_a_model_that_is_trained_whole_has_no_rank() -> None:
    found = spec("adapter: {choice: [lora, none]}", "adapter: lora, rank: 4")
    assert configurations_count(found) == 3
    assert active_axes(found, {"adapter": "none"}) == ["adapter"]
    assert active_axes(found, {"adapter": "lora", "rank": 4}) == ["adapter", "rank"]
    whole = resolve(found, {"adapter": "none"})
    assert (whole.adapter, whole.rank, whole.target_modules) == ("none", 8, "attention")
    other_rank = spec("adapter: {choice: [lora, none]}", "adapter: lora, rank: 4", "search.alpha_ratio=1")
    assert resolve(other_rank, {"adapter": "none"}).config_id == whole.config_id


def test_a_baseline_may_be_trained_whole_where_the_search_is_not() -> None:
    found = spec("adapter: lora", "adapter: none")
    assert baseline_config(found).adapter == "none"
    assert resolve(found, {"rank": 4}).rank == 4
    (problem,) = problems("adapter: lora", "adapter: none, rank: 4")
    assert "baseline.rank: is open only when adapter in [lora]" in problem


def test_lora_plus_alone_has_a_ratio() -> None:
    ratio = "search.lora_plus_ratio={choice: [4, 16]}"
    found = spec("adapter: {choice: [lora, lora_plus]}", "adapter: lora, rank: 4", ratio)
    assert active_axes(found, {"adapter": "lora", "rank": 4}) == ["adapter", "rank"]
    sample = {"adapter": "lora_plus", "rank": 4, "lora_plus_ratio": 4}
    assert resolve(found, sample).lora_plus_ratio == 4
    assert resolve(found, {"adapter": "lora", "rank": 4}).lora_plus_ratio == TrialConfig("", "").lora_plus_ratio
    fixed = spec("adapter: {choice: [lora, lora_plus]}", "adapter: lora, rank: 4", "search.lora_plus_ratio=2")
    assert resolve(fixed, {"adapter": "lora_plus", "rank": 4}).lora_plus_ratio == 2
    assert resolve(fixed, {"adapter": "lora", "rank": 4}).lora_plus_ratio != 2
    (problem,) = problems("adapter: {choice: [lora, dora]}", "adapter: lora, rank: 4", ratio)
    assert "search.lora_plus_ratio: is of adapter lora_plus alone, which the search never takes" in problem


def test_what_a_whole_model_does_not_read_is_named_all_at_once() -> None:
    found = problems("adapter: none", "adapter: none")
    assert [problem.split(": ")[1] for problem in found] == [
        "search.rank", "search.alpha_ratio", "search.target_modules"
    ]  # fmt: skip
    assert all("adapter none trains the model whole" in problem for problem in found)


def test_a_condition_of_the_files_own_stays() -> None:
    text = "adapter: {choice: [lora, dora, none]}\n  lora_dropout: {uniform: [0.0, 0.1], when: {adapter: dora}}"
    found = spec(text, "adapter: lora, rank: 4")
    (axis,) = (axis for axis in found.axes if axis.name == "lora_dropout")
    assert dict(axis.when) == {"adapter": ("dora",)}


def test_configurations_without_an_adapter_key_keep_their_id() -> None:
    before = TrialConfig("ast", "base", rank=4)
    assert before.config_id == "835558b1"
    assert TrialConfig("ast", "base", rank=4, adapter="dora").config_id != before.config_id
    assert TrialConfig("ast", "base", rank=4, adapter="lora", lora_plus_ratio=16.0).config_id == before.config_id
