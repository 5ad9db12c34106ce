"""Samples as configurations, and how many there are."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from sweeps.config import resolve
from sweeps.config.axis import Axis, is_active
from sweeps.config.load import load_sweep
from sweeps.config.spec import SweepSpec
from trainables.config import TrialConfig


def with_axes(*axes: Axis, **fixed: Any) -> SweepSpec:
    return replace(load_sweep("qwen_lora"), axes=axes, fixed=fixed)


def test_a_configuration_takes_search_then_train_then_defaults() -> None:
    spec = load_sweep(
        "qwen_qlora", ["train.scheduler=cosine", "train.batch_size=4", "search.warmup_ratio=0.2", "head=lora"]
    )
    sample = {"model_size": "3b", "rank": 8, "alpha_ratio": 0.5, "target_modules": "attention", "learning_rate": 1e-4,
              "lora_dropout": 0.05}  # fmt: skip
    assert resolve.resolve(spec, sample) == TrialConfig(
        backbone="qwen2_audio", model_size="3b", quantization="nf4", rank=8, alpha=4, target_modules="attention",
        learning_rate=1e-4, lora_dropout=0.05, head="lora", epochs=3, batch_size=4, gradient_accumulation=8,
        warmup_ratio=0.2, scheduler="cosine",
    )  # fmt: skip
    with pytest.raises(ValueError, match="no value for rank"):
        resolve.resolve(spec, {name: value for name, value in sample.items() if name != "rank"})


def test_what_is_not_active_and_what_is_not_an_axis_changes_nothing() -> None:
    spec = load_sweep("qwen_lora")
    sample = {"model_size": "3b", "quantization": "none", "rank": 8, "alpha_ratio": 1, "target_modules": "attention",
              "learning_rate": 1e-4}  # fmt: skip
    config = resolve.resolve(spec, sample)
    assert config.lora_dropout == 0.0
    assert resolve.resolve(spec, {**sample, "lora_dropout": 0.1, "run": {"a": 1}}).config_id == config.config_id


def test_an_inactive_axis_stands_at_its_default_even_where_train_names_it() -> None:
    given = ["search.batch_size={choice: [4, 16], when: {model_size: 3b}}"]
    spec = load_sweep("qwen_lora", given)
    sample = {"model_size": "7b", "quantization": "none", "rank": 8, "alpha_ratio": 1, "target_modules": "attention",
              "learning_rate": 1e-4}  # fmt: skip
    assert spec.train.batch_size == 2
    assert resolve.resolve(spec, sample).batch_size == TrialConfig("b", "s").batch_size


def test_the_baseline() -> None:
    baseline = resolve.baseline_config(load_sweep("qwen_lora"))
    assert (baseline.model_size, baseline.quantization, baseline.rank, baseline.alpha) == ("7b", "nf4", 16, 32)
    assert (baseline.lora_dropout, baseline.batch_size) == (0.05, 2)
    differs = resolve.baseline_config(load_sweep("qwen_lora", ["search.quantization=none", "search.rank=8"]))
    assert (differs.quantization, differs.rank, differs.alpha, differs.lora_dropout) == ("nf4", 16, 32, 0.05)
    assert resolve.baseline_config(load_sweep("qwen_qlora")).quantization == "nf4"  # what is fixed need not be named


def by_hand(axes: tuple[Axis, ...], fixed: dict[str, Any]) -> int:
    """Every combination written out; those that agree on their active axes are one."""
    names = {axis.name: axis for axis in axes}
    values = [axis.values if axis.kind == "choice" else range(axis.values[0], axis.values[1] + 1) for axis in axes]
    return len(
        {
            frozenset(
                (name, value)
                for name, value in point.items()
                if is_active(names[name], names.values(), {**fixed, **point})
            )
            for point in (dict(zip(names, combination, strict=True)) for combination in itertools.product(*values))
        }
    )


CHAINED = (
    Axis("rank", "int", (4, 9)),
    Axis("quantization", "choice", ("none", "nf4")),
    Axis("batch_size", "choice", (1, 2, 4), {"rank": (5, 6, 77)}),
    Axis("alpha", "choice", (8, 16), {"batch_size": (2, 4), "quantization": ("nf4",)}),
    Axis("scheduler", "choice", ("linear", "cosine"), {"model_size": ("3b",)}),
    Axis("keep_me", "choice", (1, 2, 3), {"model_size": ("7b",)}),
)


@pytest.mark.parametrize("axes", [CHAINED[:n] for n in range(len(CHAINED) + 1)])
def test_configurations_are_counted_as_by_hand(axes: tuple[Axis, ...]) -> None:
    assert resolve.configurations_count(with_axes(*axes, model_size="3b")) == by_hand(axes, {"model_size": "3b"})


def test_a_continuous_axis_counts_only_where_it_can_be_active() -> None:
    rank, dropout = Axis("rank", "choice", (4, 8)), Axis("lora_dropout", "uniform", (0.0, 0.1), {"rank": (16,)})
    assert resolve.configurations_count(with_axes(rank, dropout)) == 2
    assert resolve.configurations_count(with_axes(Axis("rank", "choice", (4, 16)), dropout)) is None
    assert resolve.configurations_count(load_sweep("qwen_lora")) is None


def test_the_space_in_words() -> None:
    assert resolve.describe_space(load_sweep("qwen_lora")) == "7 axes, 2 of them continuous"
    rank = Axis("rank", "choice", (4, 8))
    targets = Axis("target_modules", "choice", ("qv", "all"), {"rank": (8, 16)})
    # 16 is no value of rank, and ranks of 64 never come: neither is said
    never = Axis("lora_dropout", "uniform", (0.0, 0.1), {"rank": (64,)})
    assert resolve.describe_space(with_axes(rank, targets, never)) == (
        "2 rank x 2 target_modules (when rank is 8): 3 configurations"
    )
    assert [axis.name for axis in resolve.axes_that_open(with_axes(rank, never))] == ["rank"]
    fixed = with_axes(never, rank=64)
    assert [axis.name for axis in resolve.axes_that_open(fixed)] == ["lora_dropout"]
    assert resolve.describe_space(with_axes(model_size="3b")) == "one configuration"
