"""The `miniature:` block, and the sizes that stand in for the published ones."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sweeps.config.axis import Axis
from sweeps.config.load import load_sweep, load_variants
from sweeps.config.miniature import stand_in
from sweeps.config.spec import SweepSpec
from trainables.errors import InputError

MINI = ("mini-s", "mini-l")
PUBLISHED = ("3b", "7b")


def axis(spec: SweepSpec, name: str) -> Axis | None:
    return next((axis for axis in spec.axes if axis.name == name), None)


def small(*overrides: str, published: Sequence[str] = PUBLISHED) -> SweepSpec:
    variant = load_variants("qwen_lora", overrides).miniature
    return stand_in(variant, {"qwen2_audio": MINI}, {"qwen2_audio": published})


def test_the_miniature_block_and_sizes() -> None:
    spec = small()
    assert axis(spec, "model_size") == Axis("model_size", "choice", MINI)
    assert axis(spec, "learning_rate") == Axis("learning_rate", "log_uniform", (3e-4, 1e-2))
    assert (spec.baseline["model_size"], spec.baseline["learning_rate"]) == ("mini-l", 3e-3)
    assert axis(load_sweep("qwen_lora"), "learning_rate") == Axis("learning_rate", "log_uniform", (1e-5, 1e-3))


def test_overrides_win_over_the_miniature_block() -> None:
    given = ["search.learning_rate=1e-3", "miniature.baseline.learning_rate=5e-3", "trials=3"]
    spec = small(*given)
    assert spec.fixed == {"learning_rate": 1e-3}
    assert (spec.baseline["learning_rate"], spec.trials) == (5e-3, 3)
    assert load_sweep("qwen_lora", given).baseline["learning_rate"] == 2e-4
    switched_off = small("miniature={}")
    assert switched_off.baseline["learning_rate"] == 2e-4


def test_sizes_stand_in_everywhere_and_fall_together() -> None:
    given = [
        "search.model_size={choice: [3b, 30b, 7b]}",
        "search.weight_decay={uniform: [0, 0.1], when: {model_size: [7b, 30b]}}",
        "baseline.weight_decay=0.01",
        "warm_start=[{model_size: 30b}, {rank: 4}]",
    ]
    spec = small(*given, published=("3b", "7b", "30b"))
    assert axis(spec, "model_size") == Axis("model_size", "choice", MINI)
    assert axis(spec, "weight_decay") == Axis("weight_decay", "uniform", (0.0, 0.1), {"model_size": ("mini-l",)})
    assert spec.warm_start == ({"model_size": "mini-l"}, {"rank": 4})
    fixed = small("search.model_size=7b")
    assert fixed.fixed == {"model_size": "mini-l"}
    own = small("search.model_size=mini-s")
    assert own.fixed == {"model_size": "mini-s"}
    with pytest.raises(InputError, match="model_size: qwen2_audio has no size 9b; its sizes: 3b, 7b"):
        small("search.model_size=9b")


def test_a_warm_start_for_published_sizes_keeps_on_the_miniature_what_fits_there() -> None:
    given = ["warm_start=[{rank: 16, learning_rate: 2e-4}, {learning_rate: 1e-4}]"]
    assert load_sweep("qwen_lora", given).warm_start == ({"rank": 16, "learning_rate": 2e-4}, {"learning_rate": 1e-4})
    assert small(*given).warm_start == ({"rank": 16},)
