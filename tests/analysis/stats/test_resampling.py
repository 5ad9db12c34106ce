"""Resampling: against scipy with the same draws, against listed exchanges, and against theory."""

import itertools

import numpy as np
import pytest
import scipy.stats

from analysis.predictions.metrics import METRICS
from analysis.stats import resampling
from analysis.stats.resampling import (
    bca_interval,
    crossed_bootstrap,
    exchanged_sums,
    paired_bootstrap,
    permutation,
    resampled_sums,
)

MEAN = METRICS["accuracy"].value


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(seed))


def sums_of(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(S, N) scores of two arms -> (N, 2, S, 2)."""
    both = np.stack([first, second])
    return np.stack([both, np.ones_like(both)], axis=-1).transpose(2, 0, 1, 3).astype(float)


def test_bca_is_scipys_on_scipys_own_draws() -> None:
    data = np.random.default_rng(0).exponential(size=60)
    theirs = scipy.stats.bootstrap((data,), np.mean, n_resamples=1999, method="BCa", rng=np.random.default_rng(1))
    jackknife = (data.sum() - data) / 59
    ours = bca_interval(theirs.bootstrap_distribution, data.mean(), jackknife, 0.05)
    assert ours == pytest.approx(tuple(theirs.confidence_interval), abs=1e-10)


@pytest.mark.parametrize("few", [True, False])
def test_sums_have_the_bootstraps_mean_and_covariance(few: bool) -> None:
    rng = np.random.default_rng(2)
    table = rng.standard_normal((400, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.2], [0, 0, 1]])
    if few:
        table = (table > 0).astype(float)
    assert (resampling._patterns(table) is not None) == few
    sums = resampled_sums(table, 20_000, generator())
    expected = 400 * np.cov(table.T, ddof=0)
    assert sums.mean(axis=0) == pytest.approx(table.sum(axis=0), abs=4 * np.sqrt(expected.max() / 20_000))
    np.testing.assert_allclose(np.cov(sums.T), expected, atol=0.04 * expected.max())


def test_every_resample_draws_as_many_rows_as_there_are() -> None:
    for table in (np.random.default_rng(0).standard_normal((50, 1)), np.ones((50, 1))):
        ones = np.column_stack([table, np.ones(50)])
        np.testing.assert_allclose(resampled_sums(ones, 100, generator())[:, 1], 50.0)


@pytest.mark.parametrize("few", [True, False])
def test_exchanges_take_each_row_with_chance_a_half(few: bool) -> None:
    table = np.random.default_rng(3).standard_normal((300, 2))
    if few:
        table = np.sign(table)
    sums = exchanged_sums(table, 20_000, generator())
    assert sums.mean(axis=0) == pytest.approx(table.sum(axis=0) / 2, abs=0.3)
    np.testing.assert_allclose(np.cov(sums.T), table.T @ table / 4, atol=3.0)


def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    table = np.random.default_rng(0).standard_normal((5000, 2))
    monkeypatch.setattr(resampling, "BLOCK_BYTES", 2**20)
    two = resampled_sums(table, 200, generator(7))
    monkeypatch.setattr(resampling, "THREADS", 1)
    np.testing.assert_array_equal(resampled_sums(table, 200, generator(7)), two)


def test_the_paired_bootstrap_is_scipys_interval_within_its_noise() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.random((2, 1, 120)) < np.array([0.9, 0.75])[:, None, None]
    ours = paired_bootstrap(sums_of(first, second), MEAN, alpha=0.05, rng=generator())
    d = first[0].astype(float) - second[0]
    theirs = scipy.stats.bootstrap((d,), np.mean, n_resamples=9999, method="BCa", rng=rng).confidence_interval
    assert ours.interval == pytest.approx(tuple(theirs), abs=0.009)  # the estimate moves in steps of 1/120
    assert ours.estimate == pytest.approx(d.mean())


def test_ratios_are_drawn_as_ratios() -> None:
    """Word error rates: sums of errors over sums of words, not means of rates."""
    rng = np.random.default_rng(5)
    words = rng.integers(1, 30, size=80)
    errors = rng.binomial(words, np.array([[0.1], [0.2]]))
    sums = np.stack([errors, np.broadcast_to(words, errors.shape)], axis=-1).transpose(1, 0, 2)[:, :, None, :]
    found = paired_bootstrap(sums.astype(float), METRICS["wer"].value, alpha=0.05, rng=generator())
    assert found.estimate == pytest.approx((errors[0].sum() - errors[1].sum()) / words.sum())
    assert found.interval is not None
    assert found.interval[0] < found.estimate < found.interval[1]


def test_permutation_lists_every_exchange_of_few_units() -> None:
    rng = np.random.default_rng(6)
    first, second = rng.standard_normal((2, 2, 8))
    found = permutation(sums_of(first, second), MEAN, rng=generator())
    d = (first - second).mean(axis=0)
    listed = [abs(np.mean(np.array(signs) * d)) for signs in itertools.product([-1, 1], repeat=8)]
    assert found.exact
    assert found.p_value == pytest.approx(np.mean(np.array(listed) >= abs(d.mean()) - 1e-12))
    theirs = scipy.stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert found.p_value == pytest.approx(theirs.pvalue, abs=1e-10)
    assert found.smallest_p == 2**-7


def test_drawn_exchanges_agree_with_mcnemar_on_right_and_wrong() -> None:
    first, second = np.zeros((2, 1, 60))
    first[0, :18] = 1
    second[0, 18:25] = 1
    found = permutation(sums_of(first, second), MEAN, rng=generator())
    assert not found.exact
    assert found.units == 25
    exact = scipy.stats.binomtest(18, 25, 0.5).pvalue
    assert found.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact / 10_000))


def test_a_drawn_p_value_is_never_zero() -> None:
    first, second = np.ones((1, 100)), np.zeros((1, 100))
    assert permutation(sums_of(first, second), MEAN, rng=generator(), exchanges=999).p_value == pytest.approx(1 / 1000)


def test_nothing_that_varies_gives_no_p_value() -> None:
    same = np.ones((3, 40))
    table = sums_of(same, same)
    assert paired_bootstrap(table, MEAN, alpha=0.05, rng=generator(), resamples=50).p_value is None
    assert crossed_bootstrap(table, MEAN, alpha=0.05, rng=generator(), resamples=50).interval is None
    assert permutation(table, MEAN, rng=generator()).p_value is None


def test_seeds_and_units_are_both_drawn() -> None:
    """The crossed bootstrap's spread has the seeds' part (what S of them show) on top of the units'."""
    rng = np.random.default_rng(8)
    seeds, units = 6, 300
    d = rng.standard_normal((seeds, 1)) + rng.standard_normal((1, units))
    table = sums_of(d, np.zeros_like(d))
    both = crossed_bootstrap(table, MEAN, alpha=0.05, rng=generator())
    units_alone = paired_bootstrap(table, MEAN, alpha=0.05, rng=generator())
    assert both.interval is not None
    assert units_alone.interval is not None
    expected = 2 * 1.96 * np.sqrt(d.mean(axis=1).var() / seeds + d.mean(axis=0).var() / units)
    assert np.diff(both.interval)[0] == pytest.approx(expected, rel=0.12)
    assert np.diff(units_alone.interval)[0] == pytest.approx(2 * 1.96 * d.mean(axis=0).std() / np.sqrt(units), rel=0.1)


def test_resamples_without_a_class_are_left_out_and_counted() -> None:
    """Two examples of a class in ten: some resamples have none, and balanced accuracy is not defined there for it."""
    metric = METRICS["pearson"]
    target = np.array([0.0] * 9 + [1.0])
    moments = np.stack([target, target, target**2, target**2, target**2, np.ones(10)], axis=-1)
    sums = np.stack([moments, moments], axis=1)[:, :, None, :]
    found = crossed_bootstrap(sums, metric.value, alpha=0.05, rng=generator(), resamples=2000)
    assert found.undefined == pytest.approx(2000 * 0.9**10, abs=150)  # never drawn, or (rarer) always


def test_a_bootstrap_distribution_on_one_side_has_no_bca_interval() -> None:
    assert bca_interval(np.array([2.0, 3.0, 4.0]), 1.0, np.array([1.0, 2.0, 3.0]), 0.05) is None
    assert bca_interval(np.array([0.0, 1.0, 2.0]), 1.0, np.ones(3), 0.05) is None
