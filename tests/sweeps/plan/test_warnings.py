"""What a loss of the clips of a batch together cannot teach, and what balancing repeats, is said before training."""

from __future__ import annotations

from typing import Any

import pytest

from sweeps.config.load import parse_sweep
from sweeps.plan.warnings import loss_warnings, sampling_warnings
from trainables.tasks.classification import Classification
from trainables.tasks.regression import Regression

TEXT = """
name: ratings
backbone: ast
task: {kind: regression, loss: ccc}
data: {source: voice_ratings}
search: {model_size: base, learning_rate: {log_uniform: [1.0e-5, 1.0e-3]}}
train: {batch_size: 8}
objective: {metric: val/ccc}
trials: 4
baseline: {learning_rate: 1.0e-4}
"""
FULL = [[float(row), row / 2] for row in range(24)]


def warned(loss: Any, training: list[Any] = FULL, *overrides: str) -> list[str]:
    task = Regression(names=("calm", "fast"), loss=loss).completed(training, training)
    return loss_warnings(parse_sweep(TEXT, overrides), task, training)


def test_nothing_is_said_of_a_loss_that_fits() -> None:
    assert warned("ccc") == warned({"pearson": 1, "mse": 1}) == []
    assert warned("mse", FULL[:9]) == []
    assert warned("pearson", FULL, "objective.metric=val/pearson") == []


@pytest.mark.parametrize("loss", ["pearson", "ranking", {"pearson": 1.0, "ranking": 2.0}])
def test_answers_without_a_level_do_not_fit_a_metric_that_asks_for_it(loss: Any) -> None:
    (found,) = warned(loss)
    assert "leaves level and scale of the answers free, and val/ccc asks for both" in found


def test_a_rare_rating_is_counted() -> None:
    rare = [[own, second if row % 8 == 0 else None] for row, (own, second) in enumerate(FULL)]
    (found,) = warned("ccc", rare)
    # of 8 clips with a chance of 1/8 each, 3 or more: 1 - (7^8 + 8 7^7 + 28 7^6) / 8^8
    chance = 1 - (7**8 + 8 * 7**7 + 28 * 7**6) / 8**8
    assert f"The rating fast stands in 3 of 24 training clips: {chance:.0%} of batches of 8 have 3 of them" in found


def test_a_last_batch_that_is_too_small_is_said() -> None:
    (found,) = warned("ccc", FULL[:17])
    assert "17 training clips: of batches of 8 the last has 1" in found
    opened = ("search.batch_size={choice: [4, 5]}", "baseline.batch_size=8")
    (found,) = warned("ranking", FULL[:17], *opened, "objective.metric=val/pearson")
    assert "of batches of 4 the last has 1, of batches of 8 the last has 1" in found


def test_clips_that_balancing_repeats_are_counted() -> None:
    targets = ["many"] * 96 + ["few"] * 4
    spec = parse_sweep(
        TEXT, ["task={kind: classification}", "objective.metric=val/accuracy", "train={sampling: balanced}"]
    )
    (found,) = sampling_warnings(spec, Classification(("few", "many")), targets)
    assert "4 training clips are heard about 12 times an epoch each" in found  # half of 100 clips, from 4
    assert sampling_warnings(spec, Classification(("few", "many")), targets[40:60] + targets[96:]) == []
    (_, twice) = sampling_warnings(spec, Classification(("few", "many"), class_weights=(2.0, 1.0)), targets)
    assert "balanced beside task.class_weights: rare classes count twice" in twice
    assert sampling_warnings(parse_sweep(TEXT), Classification(("few", "many")), targets) == []
