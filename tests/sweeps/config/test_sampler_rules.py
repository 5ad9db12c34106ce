"""A sampler that cannot search a space is refused, with those that can."""

from __future__ import annotations

import pytest

from sweeps.config.load import load_sweep
from sweeps.config.sampler_rules import SAMPLERS
from trainables.errors import InputError

PLAIN = ["search.lora_dropout=0.05", "baseline.lora_dropout=null"]


def problems(*overrides: str) -> str:
    with pytest.raises(InputError) as caught:
        load_sweep("qwen_lora", overrides)
    return "\n".join(caught.value.problems)


@pytest.mark.parametrize("sampler", [name for name, each in SAMPLERS.items() if not each.conditions])
def test_conditions_are_not_for_every_sampler(sampler: str) -> None:
    found = problems(f"sampler={sampler}")
    assert f"sampler: {sampler} cannot search axes that are open only under a condition (lora_dropout)" in found
    assert "take one of tpe, random, grid" in found
    assert load_sweep("qwen_lora", [f"sampler={sampler}", *PLAIN]).sampler == sampler


def test_a_condition_that_always_holds_is_none() -> None:
    always = "search.lora_dropout={uniform: [0.0, 0.1], when: {rank: [4, 8, 16, 32, 64]}}"
    assert load_sweep("qwen_lora", ["sampler=gp", always]).sampler == "gp"


def test_conditions_that_an_adapter_brings_count() -> None:
    kinds = ["search.adapter={choice: [lora, none]}", "baseline.adapter=lora", "sampler=gp", *PLAIN]
    assert "(rank, alpha_ratio, target_modules)" in problems(*kinds)
    assert "adapter none has none of an adapter's axes: take it out of search.adapter, or fix them" in problems(*kinds)
    assert "adapter none" not in problems("sampler=gp")


def test_the_condition_that_lora_plus_brings_is_explained() -> None:
    ratio = ["search.adapter={choice: [lora, lora_plus]}", "search.lora_plus_ratio={choice: [4, 16]}"]
    found = problems("sampler=gp", "baseline.adapter=lora", *ratio, *PLAIN)
    assert "lora_plus_ratio is of lora_plus alone" in found


def test_a_grid_needs_separate_values_and_has_an_end() -> None:
    assert "grid tries every configuration once, and learning_rate, lora_dropout has no" in problems("sampler=grid")
    few = ["search.learning_rate=1.0e-4", "baseline.learning_rate=null", *PLAIN, "sampler=grid", "trials=1000"]
    assert "grid tries each of the 180 configurations once, got 1,000: give at most 180" in problems(*few)


def test_cma_es_needs_a_range() -> None:
    choices = ["search.learning_rate=1.0e-4", "baseline.learning_rate=null", *PLAIN, "sampler=cmaes"]
    assert "cmaes moves along ranges of numbers" in problems(*choices)


def test_an_unknown_sampler_is_named() -> None:
    assert "sampler" in problems("sampler=bayes")
