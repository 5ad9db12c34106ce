"""Few pairs: against base R, and no p-value where none can mean anything."""

import numpy as np
import pytest
import scipy.stats

from analysis.stats.signs import seed_findings, sign_flip, wilcoxon


def test_both_agree_with_r(golden, golden_table) -> None:
    pairs = golden_table("pairs")
    d = pairs[:, 0] - pairs[:, 1]
    assert sign_flip(d).p_value == pytest.approx(golden["pairs.sign_flip"][0], abs=1e-10)
    assert wilcoxon(d).p_value == pytest.approx(golden["pairs.wilcoxon"][0], abs=1e-10)


def test_ties_and_zeros_are_exact() -> None:
    d = np.array([0.1, 0.1, -0.1, 0.0, 0.3, 0.2, 0.2])
    kept = d[d != 0]
    ranks = scipy.stats.rankdata(np.abs(kept))
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(kept))).reshape(len(kept), -1).T
    expected = np.mean(np.abs(signs @ ranks) >= abs(np.sign(kept) @ ranks) - 1e-9)
    found = wilcoxon(d)
    assert found.p_value == pytest.approx(expected)
    assert found.pairs == 6
    exact = scipy.stats.permutation_test((kept,), np.sum, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip(d).p_value == pytest.approx(exact.pvalue)


@pytest.mark.parametrize("pairs", [2, 3, 4, 5])
def test_below_six_pairs_no_p_value_is_given(pairs: int) -> None:
    for finding in seed_findings([0.1 + 0.01 * i for i in range(pairs)], alpha=0.05):
        assert finding.p_value is None
        assert f"{2.0 ** (1 - pairs):.4g}, above 0.05" in finding.note
        assert finding.claim == "groups"


def test_from_six_pairs_on_it_is() -> None:
    assert [f.p_value for f in seed_findings([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], alpha=0.05)] == [2**-5, 2**-5]
    assert seed_findings([0.1, 0.2, 0.3, 0.4], alpha=0.2)[0].p_value == 0.125


def test_equal_seeds_cannot_tell() -> None:
    assert all(f.p_value is None and "no seed shows" in f.note for f in seed_findings([0.0] * 7, alpha=0.05))
    short = seed_findings([0.0, 0.0, 0.0, 0.1, 0.2, 0.3], alpha=0.05)
    assert all(f.p_value is None and "0.25, above 0.05" in f.note for f in short)


def test_more_pairs_than_can_be_listed_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 20"):
        sign_flip(np.arange(1.0, 22.0))
