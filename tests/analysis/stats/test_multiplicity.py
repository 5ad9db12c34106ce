"""Corrections for many p-values, by published examples and base R."""

import pytest

from analysis.stats.multiplicity import benjamini_hochberg, holm


def test_holm_on_a_published_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_counts_what_cannot_be_tested() -> None:
    assert holm([0.02, None, 0.03]) == [pytest.approx(0.06), None, pytest.approx(0.06)]
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_families_agree_with_r(golden) -> None:
    p_values = [0.01, 0.04, 0.03, 0.005, 0.2, 0.5, 0.0001]
    assert holm(p_values) == pytest.approx(golden["adjust.holm"], abs=1e-10)
    assert benjamini_hochberg(p_values) == pytest.approx(golden["adjust.bh"], abs=1e-10)
    assert benjamini_hochberg([0.01, None, 0.02])[1] is None
    assert benjamini_hochberg([0.01, None, 0.02])[0] == pytest.approx(0.03)
    assert benjamini_hochberg([]) == []
