"""Dependent correlations: against base R and published examples."""

import numpy as np
import pytest

from analysis.stats.correlation import (
    _correlations_without,
    correlation_difference,
    from_correlations,
    steiger_z,
    williams_t,
)


def test_everything_agrees_with_r(golden, golden_table) -> None:
    target, first, second = golden_table("scores").T
    found = correlation_difference(target, first, second)
    assert found is not None
    assert (found.first, found.second, found.between) == pytest.approx(golden["scores.r"], abs=1e-10)
    assert (found.williams_t, found.williams_p) == pytest.approx(golden["scores.williams"], abs=1e-10)
    assert (found.steiger_z, found.steiger_p) == pytest.approx(golden["scores.steiger"], abs=1e-10)
    assert found.normal_interval == pytest.approx(golden["scores.zou"], abs=1e-10)
    assert found.interval[0] <= found.normal_interval[0] < found.normal_interval[1] <= found.interval[1]
    assert found.difference == found.first - found.second


def test_a_published_example() -> None:
    """Steiger 1980's correlations, as tested in R's psych: n = 103, r = 0.4 and 0.5, between them 0.1: t = -0.89."""
    found = from_correlations(0.4, 0.5, 0.1, 103)
    assert found is not None
    assert found.williams_t == pytest.approx(-0.89, abs=0.005)
    assert found.williams_p == pytest.approx(0.37, abs=0.005)


def test_turning_the_models_turns_the_result() -> None:
    there, back = from_correlations(0.7, 0.5, 0.6, 60), from_correlations(0.5, 0.7, 0.6, 60)
    assert there is not None
    assert back is not None
    assert there.williams_t == -back.williams_t
    assert there.interval == pytest.approx((-back.interval[1], -back.interval[0]))
    assert there.williams_p == back.williams_p


def test_equal_correlations_have_no_difference() -> None:
    assert williams_t(0.5, 0.5, 0.3, 50) == 0.0
    assert steiger_z(0.5, 0.5, 0.3, 50) == 0.0


def test_what_cannot_be_told_is_none() -> None:
    rng = np.random.default_rng(0)
    target, first = rng.standard_normal((2, 30))
    assert correlation_difference(target, first, np.ones(30)) is None  # does not vary
    assert correlation_difference(target, first, 2 * first + 1) is None  # the same up to scale
    assert correlation_difference(target, target, first) is None  # perfect
    assert correlation_difference(target, target + first, target - first) is None  # the target between them
    assert correlation_difference(target[:4], first[:4], target[:4] ** 2) is None  # too few


def test_equal_models_rarely_differ() -> None:
    """Null: two outputs of the same quality. 5 % within three standard errors."""
    rng = np.random.default_rng(1)
    runs, wrong, uncovered = 1500, 0, 0
    for _ in range(runs):
        target = rng.standard_normal(40)
        shared = rng.standard_normal(40)
        first, second = (target + shared + rng.standard_normal(40) for _ in range(2))
        found = correlation_difference(target, first, second)
        assert found is not None
        wrong += found.williams_p <= 0.05
        uncovered += not found.interval[0] <= 0.0 <= found.interval[1]
    assert abs(wrong / runs - 0.05) < 3 * np.sqrt(0.05 * 0.95 / runs)
    assert uncovered / runs < 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)


def test_the_jackknife_leaves_out_one_example_at_a_time() -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal(12)
    y = x + rng.standard_normal(12)
    expected = [np.corrcoef(np.delete(x, i), np.delete(y, i))[0, 1] for i in range(12)]
    assert _correlations_without(x, y) == pytest.approx(expected, abs=1e-12)


def test_the_interval_holds_with_heavy_tailed_targets_where_zous_alone_does_not() -> None:
    """Student's t with three degrees of freedom, correlations of 0.8 and 0.7: 90 % by Zou alone."""
    rng = np.random.default_rng(0)
    runs, covered = 500, np.zeros(2)
    for _ in range(runs):
        target = rng.standard_t(3, 200) / np.sqrt(3.0)
        outputs = [r * target + np.sqrt(1 - r**2) * rng.standard_normal(200) for r in (0.8, 0.7)]
        found = correlation_difference(target, *outputs)
        assert found is not None
        covered += [low <= 0.1 <= high for low, high in (found.interval, found.normal_interval)]
    assert covered[0] / runs > 0.95 - 3 * np.sqrt(0.05 * 0.95 / runs)
    assert covered[1] / runs < 0.93
