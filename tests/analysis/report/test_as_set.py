"""The methods paragraph says how the sweep was set, from its file as run."""

from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from analysis.record.sweep import Recorded
from analysis.report.as_set import adapted_by, settings_text, stopped_by

FILE = """
name: hums
search:
  model_size: 7b
  rank: {choice: [4, 8]}
  learning_rate: {log_uniform: [1.0e-5, 1.0e-3]}
  lora_dropout: {uniform: [0.0, 0.1], when: {rank: [8]}}
train: {epochs: 12, batch_size: 4, gradient_accumulation: 2, warmup_ratio: 0.1, scheduler: cosine, clip_norm: null}
asha: {grace_epochs: 2}
baseline: {rank: 16, target_modules: attention, learning_rate: 2.0e-4}
"""


def text(yaml_text: str, splits: pd.DataFrame | None = None) -> str:
    return settings_text(cast(Recorded, SimpleNamespace(yaml_text=yaml_text, splits=splits)))


def test_ranges_training_pruning_baseline_and_splits_are_said() -> None:
    rows: list[dict[str, Any]] = [
        {"split": split, "group": f"{split}{i // 2}", "fold": "-"}
        for split, count in (("train", 6), ("test", 4))
        for i in range(count)
    ]
    found = text(FILE, pd.DataFrame(rows))
    for part in (
        "rank out of 4, 8; learning rate log-uniformly from 1e-05 to 0.001",
        "adapter dropout uniformly from 0 to 0.1 (where rank is 8)",
        "trained 12 epochs with AdamW",
        "in batches of 4 clips, 2 of them a step",
        "a cosine schedule after a warm-up of 10 % of the steps and no clipping of gradients",
        "stopped no trial before epoch 2 and let the best 1/3",
        "The baseline had rank 16, adapted modules attention, learning rate 0.0002.",
        "6 train clips in 3 groups, 4 test clips in 2 groups",
    ):
        assert part in found
    assert "model size" not in found


def test_defaults_are_said_where_the_file_is_silent_and_nothing_where_there_is_no_file() -> None:
    assert "trained 3 epochs with AdamW" in text("name: hums\n")
    assert "gradients clipped to norm 1" in text("name: hums\n")
    assert text("") == text("[1, 2") == text("- a list\n") == ""


def test_kinds_of_adapters_are_named_with_their_papers() -> None:
    def kinds(yaml_text: str) -> list[str]:
        return adapted_by(cast(Recorded, SimpleNamespace(yaml_text=yaml_text)))

    assert [kind.split(" (")[0] for kind in kinds(FILE)] == ["LoRA"] == [kind.split(" (")[0] for kind in kinds("")]
    found = kinds("search:\n  adapter: {choice: [dora, none]}\nbaseline: {adapter: lora}\n")
    assert [kind.split(" (")[0] for kind in found] == ["LoRA", "DoRA", "no adapter, all weights being trained"]
    assert kinds("search: {adapter: rslora}\n") == ["rank-stabilised LoRA (Kalajdzievski 2023)"]


@pytest.mark.parametrize(
    ("pruner", "paper", "setting"),
    [
        ("asha", "asynchronous successive halving (Li et al. 2020)", "let the best 1/3 at each rung go on"),
        ("hyperband", "asynchronous Hyperband (Li et al. 2018, 2020)", "let the best 1/3 at each rung go on"),
        ("median", "the median stopping rule (Golovin et al. 2017)", "No trial was stopped before epoch 2."),
        ("wilcoxon", "Wilcoxon's signed-rank test", "No trial was stopped before epoch 2."),
        ("none", None, "No trial was stopped early."),
    ],
)
def test_the_pruner_is_named_with_its_paper(pruner: str, paper: str | None, setting: str) -> None:
    file = f"{FILE}pruner: {pruner}\n"
    found = stopped_by(cast(Recorded, SimpleNamespace(yaml_text=file)))
    assert found is None if paper is None else found is not None and found.startswith(paper)
    assert setting in text(file)
    assert ("Successive halving" in text(file)) == (pruner in ("asha", "hyperband"))
