"""Pooling: against base R's weighted regression, and what two or three studies may say."""

import numpy as np
import pytest

from analysis.stats.meta_analysis import difference_variance, pool, pooled_seeds
from analysis.stats.paired_binary import PairedCounts


def test_everything_agrees_with_r(golden, golden_table) -> None:
    effects, variances = golden_table("effects").T
    found = pool(effects, variances)
    assert found is not None
    assert (found.fixed.mean, found.fixed.standard_error) == pytest.approx(golden["effects.fixed"], abs=1e-10)
    assert (found.q, found.q_p_value) == pytest.approx(golden["effects.q"], abs=1e-10)
    assert found.tau2 == pytest.approx(golden["effects.tau2"][0], abs=1e-10)
    random = (found.random.mean, found.random.standard_error, *found.random.interval)
    assert random == pytest.approx(golden["effects.random"], abs=1e-10)
    hk = (found.hartung_knapp.standard_error, *found.hartung_knapp.interval, found.hartung_knapp.p_value)
    assert hk == pytest.approx(golden["effects.hartung_knapp"], abs=1e-10)


def test_one_study_or_none_cannot_be_pooled() -> None:
    assert pool([0.1], [0.01]) is None
    assert pool([0.1, 0.2], [0.01, 0.0]) is None
    (only,) = pooled_seeds(None)
    assert only.p_value is None
    assert "at least two seeds" in only.note
    with pytest.raises(ValueError, match="as many variances"):
        pool([0.1, 0.2], [0.1])


def test_equal_studies_have_no_spread_and_no_p_value_from_it() -> None:
    found = pool([0.1, 0.1, 0.1], [0.01, 0.01, 0.01])
    assert found is not None
    assert found.tau2 == 0.0
    assert found.i2 == 0.0
    assert found.hartung_knapp.p_value is None
    assert found.hartung_knapp.interval is None
    assert found.fixed.interval == pytest.approx(found.random.interval)


def test_the_variance_of_a_paired_difference_is_that_of_simulated_ones() -> None:
    rng = np.random.default_rng(0)
    rows = rng.multinomial(400, [0.7, 0.15, 0.08, 0.07], size=20_000)
    counts = PairedCounts(280, 60, 32, 28)
    differences = (rows[:, 1] - rows[:, 2]) / 400
    assert difference_variance(counts) == pytest.approx(differences.var(), rel=0.05)
    assert difference_variance(PairedCounts(32, 0, 0, 0)) > 0.0


def test_hartung_knapp_holds_its_level_where_the_normal_interval_does_not() -> None:
    rng = np.random.default_rng(3)
    wrong = np.zeros(2)
    for _ in range(600):
        effects = 0.1 * rng.standard_normal(4) + 0.05 * rng.standard_normal(4)
        found = pool(effects, np.full(4, 0.0025))
        assert found is not None
        wrong += [found.random.p_value <= 0.05, found.hartung_knapp.p_value <= 0.05]
    normal, student = wrong / 600
    assert student <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)
    assert normal > student


def test_ten_equal_differences_are_no_certainty() -> None:
    """910 or 911 against 900 or 901 of 1,000: equal differences, but for the last digit. It was p = 3.7e-143."""
    differences = [910 / 1000 - 900 / 1000] * 9 + [911 / 1000 - 901 / 1000]
    found = pool(differences, [5.99e-5] * 10)
    assert found is not None
    assert (found.hartung_knapp.p_value, found.hartung_knapp.interval) == (None, None)
    assert "no variance to test with" in pooled_seeds(found)[-1].note


def test_seeds_of_the_same_examples_claim_no_new_ones() -> None:
    found = pool([0.01, 0.012, 0.02], [1e-4] * 3)
    assert found is not None
    *independent, hk = pooled_seeds(found)
    assert all(each.claim == "groups" for each in (*independent, hk))
    for each in independent:
        assert (each.p_value, each.interval) == (None, None)
        assert "the same examples" in each.note
        assert each.estimate is not None
    assert hk.p_value == found.hartung_knapp.p_value
