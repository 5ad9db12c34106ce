from __future__ import annotations

from dataclasses import replace

import pytest

from sweeps.config.spec import FinalistsSpec
from sweeps.search.finalists import Explored, choose_finalists, same_in_every_fold
from sweeps.worker.job import tie_broken
from trainables.config import TrialConfig
from trainables.errors import SweepFailed

BASE = TrialConfig(backbone="qwen2_audio", model_size="7b")


def trial(number: int, rank: int, objective: float | None, status: str = "completed") -> Explored:
    config = replace(BASE, rank=rank)
    return Explored(f"t{number}", config, {"rank": rank}, status, 3, objective, objective)


def ids(chosen: list[Explored]) -> list[str]:
    return [each.trial_id for each in chosen]


def test_best_completed_first_and_pruned_or_failed_never() -> None:
    trials = [
        trial(1, 4, 0.7),
        trial(2, 8, 0.9),
        trial(3, 16, 0.99, "pruned"),
        trial(4, 32, None, "failed"),
        trial(5, 64, 0.8),
    ]
    assert ids(choose_finalists(trials, FinalistsSpec(2), mode="max", baseline_id="-")) == ["t2", "t5"]
    assert ids(choose_finalists(trials, FinalistsSpec(2), mode="min", baseline_id="-")) == ["t1", "t5"]


def test_a_configuration_is_chosen_once_and_the_baseline_gives_way_to_the_next() -> None:
    trials = [trial(1, 4, 0.9), trial(2, 4, 0.95), trial(3, 8, 0.8), trial(4, 16, 0.7)]
    baseline_id = replace(BASE, rank=8).config_id
    assert ids(choose_finalists(trials, FinalistsSpec(2), mode="max", baseline_id=baseline_id)) == ["t2", "t4"]


def test_per_axis_takes_the_best_of_each_value() -> None:
    trials = [
        trial(1, 4, 0.7),
        trial(2, 8, 0.9),
        replace(trial(3, 8, 0.95), config=replace(BASE, rank=8, alpha=1)),
        trial(4, 16, 0.6),
    ]
    chosen = choose_finalists(trials, FinalistsSpec(1, per="rank"), mode="max", baseline_id="-")
    assert ids(chosen) == ["t3", "t1", "t4"]


def test_over_outer_folds_a_place_stands_for_one_value() -> None:
    chosen = [trial(1, 16, 0.9), trial(2, 4, 0.8), trial(3, 8, 0.7)]
    assert ids(same_in_every_fold(chosen, "rank", [4, 8, 16])) == ["t2", "t3", "t1"]
    with pytest.raises(SweepFailed, match="no trial with rank=32 was completed in this outer fold"):
        same_in_every_fold(chosen, "rank", [4, 8, 16, 32])


def test_equal_objectives_are_ordered_reproducibly() -> None:
    trials = [trial(2, 4, 0.9), trial(1, 8, 0.9)]
    assert ids(choose_finalists(trials, FinalistsSpec(2), mode="max", baseline_id="-")) == ["t1", "t2"]


@pytest.mark.parametrize("mode", ["max", "min"])
def test_tie_break_prefers_the_lower_loss_by_at_most_a_millionth(mode: str) -> None:
    better, worse = tie_broken(0.5, 0.1, mode), tie_broken(0.5, 5.0, mode)
    assert better > worse if mode == "max" else better < worse
    assert abs(better - 0.5) <= 1e-6
    assert abs(tie_broken(0.5, 1e9, mode) - 0.5) <= 1e-6
