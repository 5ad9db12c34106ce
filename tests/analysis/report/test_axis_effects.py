"""What each axis is worth, in the objective's unit: on searches with a known answer."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import partial_dependence

from analysis.report.axis_effects import LEAST_LEAF, axis_effects


def search(
    seed: int, *, trials: int = 40, noise: float = 0.0, favoured: bool = False
) -> tuple[list[dict], list[float]]:
    """Rank is worth 0.3 from 4 to 64, the learning rate 0.002, targets and dropout (from rank 16 on) nothing.

    `favoured`: after ten trials most have a high rank, as a search that learns proposes them.
    """
    rng = np.random.default_rng(seed)
    samples: list[dict[str, Any]] = []
    values = []
    for number in range(trials):
        rank = int(rng.choice((4, 8, 16, 32, 64)))
        if favoured and number >= 10 and rng.random() < 0.7:
            rank = int(rng.choice((32, 64)))
        rate = float(10 ** rng.uniform(-5, -3))
        sample = {"rank": rank, "learning_rate": rate, "targets": str(rng.choice(["attention", "mlp"]))}
        if rank >= 16:
            sample["dropout"] = float(rng.uniform(0.0, 0.1))
        samples.append(sample)
        score = 0.5 + 0.3 * (np.log2(rank) - 2) / 4 + 0.002 * (np.log10(rate) + 5) / 2
        values.append(score + noise * rng.standard_normal())
    return samples, values


@pytest.mark.parametrize("favoured", [False, True])
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_rank_worth_0_3_stands_above_a_learning_rate_worth_0_002(noise: float, favoured: bool) -> None:
    for seed in range(6):
        found = axis_effects(
            *search(seed, noise=noise, favoured=favoured), mode="max", rng=np.random.default_rng(0), trees=30
        )
        first, *rest = found.effects
        assert first.axis == "rank", seed
        assert (first.worst, first.best) == (4, 64)
        assert 0.2 < first.effect < 0.35
        assert first.clear
        assert first.share > 0.5
        rate = next(each for each in rest if each.axis == "learning_rate")
        assert rate.effect < 0.1 * first.effect
        if not noise:
            assert rate.effect < 0.01


def test_axes_without_effect_are_seldom_clear() -> None:
    clear = []
    for seed in range(10):
        found = axis_effects(*search(seed, noise=0.05), mode="max", rng=np.random.default_rng(0), trees=40)
        clear += [each.clear for each in found.effects if each.axis in ("targets", "dropout")]
    assert np.mean(clear) < 0.2


def test_a_conditional_axis_counts_where_it_was_open() -> None:
    samples, values = search(1, trials=80)
    worth = [v + 2.0 * sample.get("dropout", 0.0) for sample, v in zip(samples, values, strict=True)]
    found = {each.axis: each for each in axis_effects(samples, worth, mode="max", rng=np.random.default_rng(0)).effects}
    dropout = found["dropout"]
    assert dropout.conditional
    assert dropout.trials == sum("dropout" in sample for sample in samples) < 80
    assert dropout.effect == pytest.approx(0.2, abs=0.06)
    assert dropout.clear
    assert (dropout.best > 0.08, dropout.worst < 0.02) == (True, True)
    assert not found["rank"].conditional


def test_marginals_are_the_partial_dependence_of_a_forest() -> None:
    """scikit-learn's own forest and its own partial dependence, on axes that are always open."""
    rng = np.random.default_rng(3)
    x = rng.uniform(0.0, 1.0, (200, 2))
    values = 3.0 * x[:, 0] + np.sin(6.0 * x[:, 1])
    samples = [{"a": a, "b": b} for a, b in x.tolist()]
    found = axis_effects(samples, list(values), mode="max", rng=np.random.default_rng(0))
    forest = RandomForestRegressor(n_estimators=200, min_samples_leaf=LEAST_LEAF, random_state=0).fit(x, values)
    for each in found.effects:
        column = "ab".index(each.axis)
        grid = [[each.worst, each.best]]
        custom = {column: np.array(grid[0])}
        low, high = partial_dependence(forest, x, [column], custom_values=custom)["average"][0]
        ends = dict(zip(sorted(grid[0]), (low, high) if each.worst < each.best else (high, low), strict=True))
        assert each.effect == pytest.approx(ends[each.best] - ends[each.worst], abs=0.15)


def test_smaller_is_better_turns_best_and_worst() -> None:
    samples, values = search(2)
    most = axis_effects(samples, values, mode="max", rng=np.random.default_rng(0), trees=20)
    least = axis_effects(samples, [-v for v in values], mode="min", rng=np.random.default_rng(0), trees=20)
    for one, other in zip(most.effects, least.effects, strict=True):
        assert (one.axis, one.best, one.worst) == (other.axis, other.best, other.worst)
        assert one.effect == pytest.approx(other.effect)


def test_what_cannot_be_told_is_said() -> None:
    samples, values = search(0)
    rng = np.random.default_rng(0)
    assert axis_effects(samples[:39], values[:39], mode="max", rng=rng).note == "too few trials: 39, and 4 axes take 40"
    assert axis_effects([{"epochs": 3}] * 40, values, mode="max", rng=rng).note == "No axis took more than one value."
    assert "cannot tell" in axis_effects(samples, [0.5] * 40, mode="max", rng=rng).note
    with pytest.raises(ValueError, match="finite"):
        axis_effects(samples, [*values[:-1], float("nan")], mode="max", rng=rng)
