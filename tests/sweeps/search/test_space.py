"""Axes as Optuna sees them, through Ray's searcher too."""

from __future__ import annotations

import pickle
from typing import Any

import optuna

from sweeps.config import resolve
from sweeps.config.load import load_sweep
from sweeps.search.space import propose
from trainables.config import TrialConfig

optuna.logging.set_verbosity(optuna.logging.ERROR)


def study(seed: int = 0) -> optuna.Study:
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))


def test_suggestions_lie_in_the_space_and_only_active_axes_are_asked_for() -> None:
    spec = load_sweep("qwen_lora", ["search.batch_size={int: [2, 5]}", "search.weight_decay={uniform: [0, 0.1]}",
                                    "search.gradient_accumulation={log_int: [1, 16]}", "baseline.batch_size=2",
                                    "baseline.weight_decay=0", "baseline.gradient_accumulation=8"])  # fmt: skip
    proposal = pickle.loads(pickle.dumps(propose(spec)))
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
        space=propose(spec),
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
