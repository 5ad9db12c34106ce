"""More than two: against base R, scipy and Demsar's tables."""

import numpy as np
import pytest
import scipy.stats

from analysis.stats.friedman import cochran_q, nemenyi_critical_difference, ranking


def test_friedman_and_nemenyi_agree_with_r(golden, golden_table) -> None:
    found = ranking(golden_table("blocks"), "abcd")
    assert found.average_ranks == pytest.approx(golden["blocks.ranks"], abs=1e-10)
    friedman = (found.friedman.statistic, found.friedman.p_value)
    assert friedman == pytest.approx(golden["blocks.friedman"], abs=1e-10)
    f = (found.iman_davenport_f, found.iman_davenport_p)
    assert f == pytest.approx(golden["blocks.iman_davenport"], abs=1e-10)
    pairs = [("a", "b"), ("a", "c"), ("b", "c"), ("a", "d"), ("b", "d"), ("c", "d")]  # R's order, column by column
    assert [found.nemenyi_p[pair] for pair in pairs] == pytest.approx(golden["blocks.nemenyi"], abs=1e-10)


def test_critical_differences_are_demsars() -> None:
    """Demsar 2006, section 3.2.2: four classifiers on 14 data sets, 1.25 at 5 % and 1.12 at 10 %."""
    assert nemenyi_critical_difference(4, 14, 0.05) == pytest.approx(1.25, abs=0.005)
    assert nemenyi_critical_difference(4, 14, 0.10) == pytest.approx(1.12, abs=0.005)


@pytest.mark.parametrize(("models", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_critical_values_are_those_of_demsars_table_5(models: int, q: float) -> None:
    step = np.sqrt(models * (models + 1) / 6.0)
    assert nemenyi_critical_difference(models, 1) / step == pytest.approx(q, abs=1e-3)


def test_a_pair_differs_exactly_where_it_is_further_apart_than_the_critical_difference() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((20, 5)) + np.linspace(0, 1.5, 5)
    found = ranking(values, "abcde")
    for (first, second), p_value in found.nemenyi_p.items():
        i, j = "abcde".index(first), "abcde".index(second)
        apart = abs(found.average_ranks[i] - found.average_ranks[j])
        assert (p_value < 0.05) == (apart > found.critical_difference)


def test_cliques_join_what_cannot_be_told_apart() -> None:
    rng = np.random.default_rng(1)
    values = rng.standard_normal((30, 4)) * 0.3 + np.array([2.0, 1.9, 0.1, 0.0])
    found = ranking(values, ("a", "b", "c", "d"))
    assert [set(clique) for clique in found.cliques()] == [{"a", "b"}, {"c", "d"}]
    flat = ranking(rng.standard_normal((8, 3)), "xyz")
    assert [set(clique) for clique in flat.cliques()] == [{"x", "y", "z"}]


def test_less_may_be_better() -> None:
    values = np.array([[1.0, 2.0, 3.0]] * 7)
    assert ranking(values, "abc", mode="min").average_ranks == (1.0, 2.0, 3.0)
    assert ranking(values, "abc", mode="max").average_ranks == (3.0, 2.0, 1.0)


def test_cochran_agrees_with_r(golden, golden_table) -> None:
    found = cochran_q(golden_table("right") > 0)
    assert (found.statistic, found.p_value) == pytest.approx(golden["right.cochran"], abs=1e-10)
    assert found.degrees_of_freedom == 2


def test_cochran_of_two_is_mcnemar_without_correction() -> None:
    right = np.array([[1, 0]] * 9 + [[0, 1]] * 3 + [[1, 1]] * 20)
    assert cochran_q(right).statistic == pytest.approx((9 - 3) ** 2 / 12)


def test_where_nothing_varies_there_is_no_p_value() -> None:
    assert cochran_q(np.ones((10, 3))).p_value is None
    same = ranking(np.ones((10, 3)), "abc")
    assert same.friedman.p_value is None
    assert same.iman_davenport_p is None
    perfect = ranking(np.array([[1.0, 2.0, 3.0]] * 8), "abc")
    assert perfect.iman_davenport_f is None  # a division by zero, not an infinite certainty
    with pytest.raises(ValueError, match="3 models"):
        ranking(np.ones((10, 2)), "ab")


def test_friedman_is_scipys() -> None:
    values = np.random.default_rng(2).standard_normal((12, 3))
    assert ranking(values, "abc").friedman.p_value == pytest.approx(
        scipy.stats.friedmanchisquare(*values.T).pvalue, rel=1e-12
    )
