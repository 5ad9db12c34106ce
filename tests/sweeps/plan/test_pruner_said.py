"""The plan says by what trials are stopped, and after which epochs."""

import pytest

from sweeps.config.load import load_sweep
from sweeps.plan.view import _pruning
from sweeps.plan.workload import count_stages


@pytest.mark.parametrize(
    ("pruner", "said"),
    [
        ("asha", "pruned after epoch 1, 3 to 1/3"),
        ("hyperband", "pruned by hyperband after epoch 1, 3 to 1/3 in the first of its brackets"),
        ("median", "pruned by median from epoch 1 on"),
        ("wilcoxon", "pruned by wilcoxon from epoch 1 on"),
        ("none", "none pruned"),
    ],
)
def test_the_plan_says_by_what_trials_are_stopped(pruner: str, said: str) -> None:
    given = ["train.epochs=9", "data.folds={inner: 4}", "asha={grace_epochs: 1, reduction_factor: 3}"]
    spec = load_sweep("qwen_lora", [*given, f"pruner={pruner}"])
    assert _pruning(count_stages(spec, training_clips=160, untuned=True)) == said
