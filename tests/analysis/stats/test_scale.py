"""Intervals within what a metric can be: against scipy's Wilson interval, Fisher's z by hand, and at the ends."""

import math

import numpy as np
import pytest
import scipy.stats

from analysis.stats.scale import interval_within, logit_reach

SHARE = {"least": 0.0, "most": 1.0}


@pytest.mark.parametrize(("right", "examples"), [(30, 32), (31, 32), (50, 100), (999, 1000)])
def test_a_share_of_independent_answers_has_wilsons_or_the_logits_interval(right: int, examples: int) -> None:
    share = right / examples
    found = interval_within(share, share * (1 - share) / examples, math.inf, alpha=0.05, **SHARE)
    wilson = scipy.stats.binomtest(right, examples).proportion_ci(0.95, method="wilson")
    down, up = logit_reach(share, share * (1 - share) / examples, scipy.stats.norm.isf(0.025))
    expected = (min(wilson.low, share - down), max(wilson.high, share + up))
    assert found == pytest.approx(expected, abs=1e-12)
    assert found == pytest.approx((wilson.low, wilson.high), abs=0.7 / examples)


def test_at_the_ends_as_many_answers_as_there_are_groups() -> None:
    wilson = scipy.stats.binomtest(32, 32).proportion_ci(0.95, method="wilson")
    assert interval_within(1.0, 0.0, math.inf, alpha=0.05, groups=32, **SHARE) == pytest.approx((wilson.low, 1.0))
    low, high = interval_within(0.0, 0.0, 31, alpha=0.05, groups=32, **SHARE)
    assert low == 0.0
    assert high > 1.0 - wilson.low  # Student's t
    assert interval_within(1.0, 0.0, 31, alpha=0.05, **SHARE) is None
    assert interval_within(0.5, 0.0, 31, alpha=0.05, groups=32, **SHARE) is None


def test_a_correlation_has_fishers_interval() -> None:
    low, high = interval_within(0.8, (1 - 0.8**2) ** 2 / 47, math.inf, alpha=0.05, least=-1.0, most=1.0)
    half = scipy.stats.norm.isf(0.025) / math.sqrt(47)  # n - 3 of 50 examples
    assert (low, high) == pytest.approx((math.tanh(math.atanh(0.8) - half), math.tanh(math.atanh(0.8) + half)))


@pytest.mark.parametrize("freedom", [1.0, 3.0, 50.0])
@pytest.mark.parametrize(
    ("least", "most", "means"),
    [
        (0.0, 1.0, (0.001, 0.5, 0.999)),
        (-1.0, 1.0, (-0.99, 0.0, 0.99)),
        (0.0, math.inf, (1e-4, 0.3, 20.0)),
        (-math.inf, 1.0, (-3.0, 0.0, 0.999)),
    ],
)
def test_no_end_lies_outside_what_is_possible(least: float, most: float, means: tuple, freedom: float) -> None:
    for mean in means:
        for variance in (1e-8, 1e-3, 1.0):
            low, high = interval_within(mean, variance, freedom, alpha=0.05, least=least, most=most)
            assert least <= low <= mean <= high <= most
            wider = interval_within(mean, variance, freedom, alpha=0.01, least=least, most=most)
            assert wider[0] <= low
            assert wider[1] >= high


def test_far_from_the_ends_it_is_students_interval() -> None:
    expected = scipy.stats.t.interval(0.95, 9, 0.5, 0.001)
    for least, most in ((0.0, 1.0), (-1.0, 1.0), (0.0, math.inf), (-math.inf, math.inf)):
        found = interval_within(0.5, 1e-6, 9, alpha=0.05, least=least, most=most)
        assert found == pytest.approx(expected, abs=2e-5)


def test_the_logit_reaches_further_towards_one_half() -> None:
    down, up = logit_reach(0.96, 0.01**2, 2.0)
    at = math.log(0.96 / 0.04)
    step = 0.02 / (0.96 * 0.04)
    assert down == pytest.approx(0.96 - 1 / (1 + math.exp(step - at)))
    assert up < 0.02 < down
    assert logit_reach(0.5, 0.01**2, 2.0)[0] == pytest.approx(0.02, rel=1e-3)
    assert logit_reach(0.96, 0.2**2, 2.0)[0] <= 2 * 0.4  # never more than twice the plain one
    assert logit_reach(1.0, 0.0, 2.0) == (0.0, 0.0)


@pytest.mark.parametrize(("accuracy", "clips", "seeds"), [(0.95, 40, 5), (0.9, 160, 3), (0.99, 400, 5)])
def test_an_arms_own_interval_misses_alike_on_both_sides(accuracy: float, clips: int, seeds: int) -> None:
    """Student's interval lay too high in 5.4 to 5.9 % and reached above 1 in up to 99.9 %."""
    rng = np.random.default_rng(clips)
    draws, high = 600, 0
    for _ in range(draws):
        chance = np.clip(rng.beta(accuracy * 5, (1 - accuracy) * 5, clips), 0, 1)
        right = rng.random((seeds, clips)) < chance
        mean, variance = right.mean(), right.mean(axis=0).var(ddof=1) / clips
        found = interval_within(mean, variance, clips - 1, alpha=0.05, groups=clips, **SHARE)
        assert found[1] <= 1.0
        high += found[0] > accuracy
    assert high / draws <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / draws)
