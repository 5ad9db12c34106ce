"""Equal is equal: whatever the last digits say."""

import numpy as np
import pytest
import scipy.stats

from analysis.compare.effect_sizes import rank_biserial
from analysis.predictions.pseudovalues import mean_pseudovalues
from analysis.stats.friedman import ranking
from analysis.stats.signs import wilcoxon
from analysis.stats.ties import ranks, tied, without_rounding


def test_values_within_the_noise_become_one_and_others_stay() -> None:
    values = np.array([[0.3, 0.1 + 0.2, 0.5], [1.0, 2.0, 2.0 + 1e-15]])
    made = tied(values)
    assert made[0, 0] == made[0, 1] < made[0, 2] == 0.5
    assert made[1].tolist() == [1.0, 2.0, 2.0]
    assert np.array_equal(tied(np.array([1.0, 1.0 + 1e-6])), [1.0, 1.0 + 1e-6])
    assert tied(np.zeros((0, 3))).shape == (0, 3)
    assert without_rounding(np.array([1e-16, -0.2]), 1e-12).tolist() == [0.0, -0.2]


def one_wrong_in(groups: int, wrong: tuple[int, ...], *, size: int = 3) -> np.ndarray:
    """(arms, N): every answer right, but for the first of each of so many groups, others for every arm."""
    right = np.ones((len(wrong), groups * size))
    start = 0
    for arm, count in enumerate(wrong):
        right[arm, [size * (start + i) for i in range(count)]] = 0.0
        start += count
    return right


def test_friedman_of_pseudovalues_is_that_of_the_groups_own_counts() -> None:
    """60 groups of 3, one wrong answer in 2, 3 and 1 of them: p = 0.607, not 4.9e-22."""
    right = one_wrong_in(60, (2, 3, 1))
    numbers = np.repeat(np.arange(60), 3)
    noisy = mean_pseudovalues(right, numbers, 60)
    counts = right.reshape(3, 60, 3).sum(axis=2)
    assert len({*noisy[:, 0]}) > 1 or len({*noisy[:, -1]}) > 1  # the fault: groups alike, numbers not
    found = ranking(noisy.T, "abc")
    assert found.friedman.p_value == pytest.approx(scipy.stats.friedmanchisquare(*counts).pvalue, rel=1e-10)
    assert round(found.friedman.p_value, 3) == 0.607
    assert found.average_ranks == tuple(scipy.stats.rankdata(-counts, axis=0).mean(axis=1))
    assert min(found.nemenyi_p.values()) > 0.9


def test_rank_biserial_of_the_groups_own_shares_is_that_of_their_counts() -> None:
    """2 groups against, 1 for: (1 x 2 - 2 x 2) / 6 = -1/3; 3 against 1: -1/2."""
    shares = one_wrong_in(60, (2, 3, 1)).reshape(3, 60, 3).mean(axis=2)
    for arm, expected in ((0, -1 / 3), (1, -1 / 2)):
        assert abs(rank_biserial(shares[arm] - shares[2]) - expected) < 1e-12


def test_wilcoxon_shares_ranks_between_differences_equal_but_for_rounding() -> None:
    differences = [0.91 - 0.9, 0.02 - 0.01, 0.05 - 0.04, 0.3 - 0.31, 0.5 - 0.48, 0.7 - 0.69]
    assert len({abs(d) for d in differences}) > 2
    assert wilcoxon(differences).statistic == 3 + 3 + 3 + 6 + 3  # five share rank 3, one of them is negative


def test_equal_models_are_told_apart_in_a_twentieth_of_trials() -> None:
    """The worst cell: 300 clips in threes, accuracy 0.9; the untied ranking was wrong in 98.8 % of 1,000 draws."""
    rng = np.random.default_rng(0)
    numbers = np.repeat(np.arange(100), 3)
    draws = 400
    wrong = 0
    for _ in range(draws):
        right = (rng.random((3, 300)) < 0.9).astype(float)
        p_value = ranking(mean_pseudovalues(right, numbers, 100).T, "abc").friedman.p_value
        wrong += p_value is not None and p_value <= 0.05
    assert wrong / draws < 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)


def test_ranks_are_scipys() -> None:
    rng = np.random.default_rng(0)
    for shape in ((7,), (20, 4), (3, 5, 6), (4, 1)):
        values = rng.integers(0, 4, shape).astype(float)
        assert (ranks(values) == scipy.stats.rankdata(values, axis=-1)).all()
