"""Right and wrong of two models: against base R, published examples, and what must hold for any table."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.stats.paired_binary import (
    PairedCounts,
    discordant_odds,
    findings,
    mcnemar_exact,
    mcnemar_interval,
    mcnemar_mid_p,
    newcombe,
    tango,
    tango_statistic,
)

TABLES = range(8)
counts_of_any_kind = st.builds(PairedCounts, *[st.integers(0, 40)] * 4).filter(lambda counts: counts.examples > 0)


def table(golden_table, number: int) -> PairedCounts:
    return PairedCounts(*map(int, golden_table("tables")[number]))


@pytest.mark.parametrize("number", TABLES)
def test_everything_agrees_with_r(golden, golden_table, number: int) -> None:
    counts = table(golden_table, number)
    assert mcnemar_exact(counts) == pytest.approx(golden[f"table{number}.exact"][0], abs=1e-10)
    assert mcnemar_mid_p(counts) == pytest.approx(golden[f"table{number}.mid_p"][0], abs=1e-10)
    assert newcombe(counts) == pytest.approx(golden[f"table{number}.newcombe"], abs=1e-10)
    if f"table{number}.tango" in golden:
        assert tango(counts) == pytest.approx(golden[f"table{number}.tango"], abs=1e-10)
    odds = discordant_odds(counts)
    assert odds is not None
    for ours, theirs in zip(odds.interval, golden[f"table{number}.odds"], strict=True):
        assert (ours is None) == (theirs is None)
        assert ours is None or ours == pytest.approx(theirs, rel=1e-10)


def test_a_published_worked_example() -> None:
    """Airway hyper-responsiveness before and after transplantation (Fagerland et al. 2013, 2014): p and intervals."""
    counts = PairedCounts(1, 1, 7, 12)
    assert mcnemar_exact(counts) == pytest.approx(0.0703, abs=5e-5)
    assert mcnemar_mid_p(counts) == pytest.approx(0.0391, abs=5e-5)
    assert newcombe(counts) == pytest.approx((-0.507, -0.026), abs=5e-4)
    assert tango(counts) == pytest.approx((-0.517, -0.026), abs=5e-4)


def test_newcombes_own_example() -> None:
    """Newcombe 1998, table II: (36, 12, 2, 0), method 10."""
    assert newcombe(PairedCounts(36, 12, 2, 0)) == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_the_published_comparison() -> None:
    """31 and 30 of 32 right, 3 discordant: nothing is shown."""
    counts = PairedCounts(29, 2, 1, 0)
    assert counts.difference == 1 / 32
    assert mcnemar_exact(counts) == 1.0
    low, high = newcombe(counts)
    assert low < 0 < high


@settings(max_examples=60, deadline=None)
@given(counts_of_any_kind, st.sampled_from([0.01, 0.05, 0.2]))
def test_intervals_hold_the_difference_and_turn_with_the_models(counts: PairedCounts, alpha: float) -> None:
    turned = PairedCounts(counts.both, counts.only_second, counts.only_first, counts.neither)
    for interval in (newcombe, tango):
        low, high = interval(counts, alpha)
        assert -1.0 <= low <= counts.difference <= high <= 1.0
        assert low < high
        assert interval(turned, alpha) == pytest.approx((-high, -low), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(counts_of_any_kind)
def test_mid_p_is_below_exact_and_both_are_probabilities(counts: PairedCounts) -> None:
    exact, mid = mcnemar_exact(counts), mcnemar_mid_p(counts)
    if counts.discordant == 0:
        assert exact is None
        assert mid is None
    else:
        assert 0.0 < mid < exact <= 1.0


def test_tangos_interval_ends_where_the_score_test_rejects() -> None:
    counts = PairedCounts(50, 14, 5, 31)
    low, high = tango(counts, 0.05)
    z = scipy.stats.norm.isf(0.025)
    assert tango_statistic(counts, low) == pytest.approx(z, abs=1e-9)
    assert tango_statistic(counts, high) == pytest.approx(-z, abs=1e-9)
    assert tango_statistic(counts, 0.0) == pytest.approx((14 - 5) / math.sqrt(19))  # McNemar's own z


def test_counts_from_answers() -> None:
    first = np.array([True, True, False, False, True])
    second = np.array([True, False, True, False, False])
    assert PairedCounts.of(first, second) == PairedCounts(1, 2, 1, 1)


def test_where_nothing_can_be_told_it_is_said() -> None:
    same = findings(PairedCounts(30, 0, 0, 2))
    assert [each.p_value for each in same[:2]] == [None, None]
    assert all("cannot tell: no example divides" in each.note for each in same[:2])
    assert same[2].interval is not None
    assert findings(PairedCounts(0, 0, 0, 0))[0].note == "cannot tell: there are no examples"
    few = findings(PairedCounts(29, 2, 1, 0))
    assert "smallest p-value this test can reach here is 0.25" in few[0].note
    assert "smallest p-value this test can reach here is 0.125" in few[1].note
    assert "cannot tell" not in findings(PairedCounts(20, 6, 0, 6))[0].note
    assert "understates" in findings(PairedCounts(20, 6, 0, 6), grouped=True)[3].note


@pytest.mark.slow
def test_intervals_cover_the_truth() -> None:
    """Simulated pairs of correlated answers, 32 examples: Newcombe and Tango stay near 95 %."""
    rng = np.random.default_rng(0)
    shares = np.array([0.80, 0.12, 0.05, 0.03])
    hits = np.zeros(2)
    for row in rng.multinomial(32, shares, size=3000):
        counts = PairedCounts(*map(int, row))
        for which, interval in enumerate((newcombe, tango)):
            low, high = interval(counts)
            hits[which] += low <= 0.07 <= high
    assert (hits / 3000 > 0.935).all()


def test_mcnemar_is_the_binomial_test_and_its_interval_agrees_with_it() -> None:
    for b, c in itertools.product(range(13), range(13)):
        counts, n = PairedCounts.divided(b, c, 50), b + c
        p, interval = mcnemar_exact(counts), mcnemar_interval(counts, 0.05)
        if n == 0:
            assert p is None
            assert interval is None
            continue
        tail = sum(scipy.special.comb(n, k, exact=True) for k in range(min(b, c) + 1)) / 2**n
        assert p == pytest.approx(min(1.0, 2 * tail))
        assert interval is not None
        assert interval[0] <= (b - c) / 50 <= interval[1]
        assert (interval[0] > 0 or interval[1] < 0) == (p < 0.05)
        score, share = tango(counts), scipy.stats.binomtest(b, n).proportion_ci(0.95, "exact")
        ends = [(2 * end - 1) * n / 50 for end in (share.low, share.high)]
        assert interval == pytest.approx((min(score[0], ends[0]), max(score[1], ends[1])), abs=1e-9)


def test_one_seeds_interval_covers_a_large_difference() -> None:
    """20 points between two models on 100 clips: the conditional interval alone would miss them one time in five."""
    counts = np.random.default_rng(0).multinomial(100, [0.22, 0.02, 0.76], size=1500)
    inside = 0
    for b, c, _ in counts:
        interval = mcnemar_interval(PairedCounts.divided(int(b), int(c), 100), 0.05)
        inside += interval is not None and interval[0] <= 0.2 <= interval[1]
    assert inside / 1500 >= 0.94 - 3 * math.sqrt(0.05 * 0.95 / 1500)
