"""Axes as Optuna sees them, through Ray's searcher too; samples as configurations; counts."""

from __future__ import annotations

import itertools
import pickle
from dataclasses import replace
from typing import Any

import optuna
import pytest

from sweeps.config import resolve
from sweeps.config.load import load_sweep
from sweeps.config.search_types import is_active
from sweeps.config.spec import Axis, SweepSpec
from trainables.config import TrialConfig

optuna.logging.set_verbosity(optuna.logging.ERROR)


def study(seed: int = 0) -> optuna.Study:
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))


def with_axes(*axes: Axis, **fixed: Any) -> SweepSpec:
    return replace(load_sweep("qwen_lora"), axes=axes, fixed=fixed)


def test_suggestions_lie_in_the_space_and_only_active_axes_are_asked_for() -> None:
    spec = load_sweep("qwen_lora", ["search.batch_size={int: [2, 5]}", "search.weight_decay={uniform: [0, 0.1]}",
                                    "search.gradient_accumulation={log_int: [1, 16]}", "baseline.batch_size=2",
                                    "baseline.weight_decay=0", "baseline.gradient_accumulation=8"])  # fmt: skip
    proposal = pickle.loads(pickle.dumps(resolve.propose(spec)))
    seen: dict[str, set[Any]] = {}
    run = study()
    for _ in range(200):
        trial = run.ask()
        sample = proposal(trial)
        assert sample == trial.params
        assert list(sample) == resolve.active_axes(spec, sample)
        assert ("lora_dropout" in sample) == (sample["rank"] >= 16)
        assert 1e-5 <= sample["learning_rate"] <= 1e-3
        for name, value in sample.items():
            seen.setdefault(name, set()).add(value)
        config = resolve.resolve(spec, sample)
        assert config.alpha == sample["alpha_ratio"] * sample["rank"]
        assert config.lora_dropout == sample.get("lora_dropout", 0.0)
        assert config.gradient_accumulation == sample["gradient_accumulation"]  # before train's
        run.tell(trial, 0.0)
    assert seen["rank"] == {4, 8, 16, 32, 64}
    assert seen["batch_size"] == {2, 3, 4, 5}
    assert min(seen["learning_rate"]) < 3e-5  # spread over the decades, as a uniform draw would not be


def test_rays_searcher_takes_the_proposal_and_a_warm_start() -> None:
    from ray.tune.search.optuna import OptunaSearch

    spec = load_sweep("qwen_lora", ["warm_start=[{rank: 16, lora_dropout: 0.1, learning_rate: 1e-4}]"])
    searcher = OptunaSearch(
        space=resolve.propose(spec),
        metric="objective",
        mode="max",
        sampler=optuna.samplers.RandomSampler(seed=1),
        points_to_evaluate=[dict(point) for point in spec.warm_start],
    )
    samples = [searcher.suggest(f"t{index}") for index in range(20)]
    assert samples[0] is not None
    assert (samples[0]["rank"], samples[0]["lora_dropout"], samples[0]["learning_rate"]) == (16, 0.1, 1e-4)
    for sample in samples:
        assert sample is not None
        assert set(sample) == set(resolve.active_axes(spec, sample))
        assert isinstance(resolve.resolve(spec, sample), TrialConfig)


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
    assert resolve.describe_space(load_sweep("qwen_lora")) == (
        "2 model_size x 2 quantization x 5 rank x 3 alpha_ratio x 3 target_modules x continuous learning_rate x "
        "continuous lora_dropout (when rank is 16 or 32 or 64)"
    )
    assert resolve.describe_space(with_axes(model_size="3b")) == "one configuration"
