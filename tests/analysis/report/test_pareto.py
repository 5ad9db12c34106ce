"""Fronts against their definition, and intervals against a bootstrap by hand."""

import numpy as np
import pytest

from analysis.predictions.align import correct
from analysis.predictions.metrics import METRICS
from analysis.report.pareto import Quality, front, placed, qualities


def by_definition(costs: np.ndarray, values: np.ndarray) -> list[bool]:
    """No other trial costs no more and is as good, and differs in one."""
    return [
        not any(
            costs[j] <= costs[i] and values[j] >= values[i] and (costs[j], values[j]) != (costs[i], values[i])
            for j in range(len(costs))
        )
        for i in range(len(costs))
    ]


def test_the_front_is_the_definitions() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        costs, values = rng.integers(1, 5, 8).astype(float), rng.integers(0, 4, 8) / 4
        assert front(costs, values, "max").tolist() == by_definition(costs, values)
        assert front(costs, -values, "min").tolist() == by_definition(costs, values)


def test_equal_trials_stand_on_the_front_together() -> None:
    assert front(np.array([1.0, 1.0, 2.0]), np.array([0.8, 0.8, 0.8]), "max").tolist() == [True, True, False]


def answers(make, level: float, stream: int):
    right = np.random.default_rng([stream, 7]).random(60) < level
    return make(right, groups=[f"voice{i // 3}" for i in range(60)])


def test_intervals_are_a_bootstrap_over_groups(make) -> None:
    found = answers(make, 0.8, 0)
    value = float(correct(found).mean())
    quality = qualities({"a": [found]}, {"a": value}, METRICS["accuracy"], np.random.default_rng(3))["a"]
    by_group = correct(found).reshape(20, 3).mean(axis=1)
    draws = np.random.default_rng(4).integers(0, 20, (500, 20))
    expected = by_group[draws].mean(axis=1)
    assert quality.draws.mean() == pytest.approx(value, abs=0.02)
    assert quality.draws.std() == pytest.approx(expected.std(), rel=0.15)
    assert quality.interval is not None
    assert quality.interval[0] < value < quality.interval[1]


def test_several_lanes_and_macro_f1_are_pooled(make) -> None:
    lanes = [answers(make, 0.7, 1), answers(make, 0.9, 2)]
    metric = METRICS["macro_f1"]
    quality = qualities({"a": lanes}, {"a": 0.8}, metric, np.random.default_rng(0))["a"]
    pooled = metric.value(sum(metric.rows(lane).sum(axis=0) for lane in lanes))
    assert quality.draws.mean() == pytest.approx(float(pooled), abs=0.02)


def test_trials_without_predictions_have_no_interval_and_keep_their_place(make) -> None:
    found = qualities(
        {"b": [answers(make, 0.6, 3)]}, {"a": 0.9, "b": 0.6}, METRICS["accuracy"], np.random.default_rng(0)
    )
    rows = {row.name: row for row in placed({"a": 1.0, "b": 2.0}, found, "max")}
    assert rows["a"].interval is None
    assert rows["a"].front_share is None
    assert rows["a"].on_front
    assert not rows["b"].on_front
    assert rows["b"].front_share == 1.0  # alone among those that can be drawn again


def test_how_sure_a_place_on_the_front_is() -> None:
    """Drawn by hand: b is cheaper and better in half of the draws, dearer in none."""
    draws = {"a": np.array([0.9, 0.9, 0.7, 0.7]), "b": np.array([0.8, 0.8, 0.8, 0.8])}
    found = {name: Quality(float(own.mean()), own) for name, own in draws.items()}
    rows = {row.name: row for row in placed({"a": 2.0, "b": 1.0, "c": 1.0}, found, "max")}
    assert set(rows) == {"a", "b"}
    assert rows["b"].front_share == 1.0
    assert rows["a"].front_share == 0.5
    assert [row.name for row in placed({"a": 2.0, "b": 1.0}, found, "max")] == ["b", "a"]
