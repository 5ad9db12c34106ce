"""The analysis of variance against explicit sums, worked numbers and the properties that any such test must have."""

import json
import math
import statistics
from dataclasses import asdict

import numpy as np
import pytest
import scipy.stats

from analysis.stats.crossed import (
    Estimate,
    SeedSpread,
    crossed,
    groups_only,
    mean_squares,
    pooled_spread,
    seeds_only,
    two_arms,
)

SHAPES = [(2, 2), (2, 30), (3, 8), (5, 40), (10, 6)]


def random_table(seeds: int, groups: int, *, seed_sd: float = 1.0, group_sd: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng([seeds, groups])
    return (
        0.3
        + seed_sd * rng.standard_normal((seeds, 1))
        + group_sd * rng.standard_normal((1, groups))
        + rng.standard_normal((seeds, groups))
    )


def mean_squares_by_loops(d: np.ndarray) -> tuple[float, float, float]:
    """The definition, cell by cell."""
    seeds, groups = d.shape
    grand = sum(d[s, g] for s in range(seeds) for g in range(groups)) / (seeds * groups)
    of_seed = [sum(d[s, g] for g in range(groups)) / groups for s in range(seeds)]
    of_group = [sum(d[s, g] for s in range(seeds)) / seeds for g in range(groups)]
    ss_seed = sum(groups * (m - grand) ** 2 for m in of_seed)
    ss_group = sum(seeds * (m - grand) ** 2 for m in of_group)
    ss_residual = sum((d[s, g] - of_seed[s] - of_group[g] + grand) ** 2 for s in range(seeds) for g in range(groups))
    return ss_seed / (seeds - 1), ss_group / (groups - 1), ss_residual / ((seeds - 1) * (groups - 1))


@pytest.mark.parametrize(("seeds", "groups"), SHAPES)
def test_mean_squares_are_those_of_the_definition(seeds: int, groups: int) -> None:
    d = random_table(seeds, groups)
    assert mean_squares(d) == pytest.approx(mean_squares_by_loops(d), rel=1e-12)


@pytest.mark.parametrize(("seeds", "groups"), SHAPES)
def test_sums_of_squares_add_up_to_the_total(seeds: int, groups: int) -> None:
    d = random_table(seeds, groups)
    ms_seed, ms_group, ms_residual = mean_squares(d)
    parts = (seeds - 1) * ms_seed + (groups - 1) * ms_group + (seeds - 1) * (groups - 1) * ms_residual
    assert parts == pytest.approx(((d - d.mean()) ** 2).sum(), rel=1e-12)


def test_a_worked_example() -> None:
    """By hand: grand mean 4; seeds 3 and 5; groups 2, 4, 6; residuals 0 but for +-1 in the first and last column."""
    d = np.array([[2.0, 3.0, 4.0], [2.0, 5.0, 8.0]])
    estimate = crossed(d)
    assert (estimate.ms_seed, estimate.ms_group, estimate.ms_residual) == pytest.approx((6.0, 8.0, 2.0))
    a, g = 6.0, 8.0 - 2.0
    assert estimate.mean == pytest.approx(4.0)
    assert estimate.variance == pytest.approx((a + g) / 6)
    assert estimate.degrees_of_freedom == pytest.approx((a + g) ** 2 / (a**2 / 1))  # 4
    t = 4.0 / math.sqrt(2.0)
    assert estimate.p_value == pytest.approx(2 * scipy.stats.t.sf(t, 4))
    half = 2.7764451051977987 * math.sqrt(2.0)  # the 97.5 % point of t with 4 degrees of freedom, from a table
    assert estimate.interval == pytest.approx((4.0 - half, 4.0 + half))


def test_with_large_mean_squares_the_variance_is_the_textbook_one() -> None:
    d = random_table(5, 40, seed_sd=3.0, group_sd=3.0)
    ms_seed, ms_group, ms_residual = mean_squares_by_loops(d)
    assert ms_seed > ms_residual
    assert ms_group > ms_residual
    assert crossed(d).variance == pytest.approx((ms_seed + ms_group - ms_residual) / d.size)


def test_the_error_term_of_the_seeds_is_never_below_the_residual() -> None:
    d = random_table(3, 20)
    d -= d.mean(axis=1, keepdims=True)  # every seed the same mean: MS_seed is 0
    estimate = crossed(d + 0.4)
    assert estimate.ms_seed == 0.0
    g = max(estimate.ms_group - estimate.ms_residual, 0.0)
    assert estimate.variance == pytest.approx((estimate.ms_residual + g) / d.size)


def test_one_column_is_the_one_sample_t_test() -> None:
    values = np.array([0.02, 0.05, -0.01, 0.04, 0.03])
    expected = scipy.stats.ttest_1samp(values, 0.0)
    estimate = seeds_only(values[:, None])
    assert estimate.p_value == pytest.approx(expected.pvalue, rel=1e-12)
    assert estimate.interval == pytest.approx(tuple(expected.confidence_interval()), rel=1e-12)


def test_one_row_is_the_t_test_over_groups() -> None:
    d = random_table(2, 30)
    expected = scipy.stats.ttest_1samp(d.mean(axis=0), 0.0)
    assert groups_only(d).p_value == pytest.approx(expected.pvalue, rel=1e-12)


def test_equal_seeds_leave_the_t_test_over_groups() -> None:
    row = random_table(2, 30)[:1]
    estimate = crossed(np.repeat(row, 4, axis=0))
    assert estimate.degrees_of_freedom == 29
    assert estimate.p_value == pytest.approx(scipy.stats.ttest_1samp(row[0], 0.0).pvalue, rel=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, -1.0])
def test_without_any_variance_nothing_is_tested(value: float) -> None:
    d = np.full((5, 12), value)
    for estimate in (crossed(d), seeds_only(d), groups_only(d), seeds_only(d[:, :1])):
        assert estimate.variance == 0.0
        assert estimate.p_value is None
        assert estimate.interval is None
        assert estimate.mean == pytest.approx(value)


@pytest.mark.parametrize(("seeds", "groups"), SHAPES)
def test_swapping_the_arms_mirrors_the_estimate(seeds: int, groups: int) -> None:
    d = random_table(seeds, groups)
    there, back = crossed(d), crossed(-d)
    assert back.mean == -there.mean
    assert back.p_value == there.p_value
    assert there.interval is not None
    assert back.interval == pytest.approx((-there.interval[1], -there.interval[0]))
    assert there.negated() == back


@pytest.mark.parametrize(("seeds", "groups"), SHAPES)
def test_order_and_unit_do_not_matter(seeds: int, groups: int) -> None:
    rng = np.random.default_rng(1)
    d = random_table(seeds, groups)
    shuffled = d[rng.permutation(seeds)][:, rng.permutation(groups)]
    for other in (crossed(shuffled), crossed(100.0 * d)):
        assert other.p_value == pytest.approx(crossed(d).p_value, rel=1e-9)
        assert other.degrees_of_freedom == pytest.approx(crossed(d).degrees_of_freedom, rel=1e-9)


def test_the_interval_excludes_zero_exactly_where_the_test_is_significant() -> None:
    for shift in np.linspace(-2.0, 2.0, 41):
        estimate = crossed(random_table(3, 8) + shift, alpha=0.1)
        assert estimate.interval is not None
        assert estimate.p_value is not None
        assert (estimate.interval[0] > 0.0 or estimate.interval[1] < 0.0) == (estimate.p_value < 0.1)


def test_capped_degrees_of_freedom_widen_the_interval() -> None:
    d = random_table(5, 8, group_sd=5.0)
    estimate = crossed(d)
    assert estimate.degrees_of_freedom > 7
    capped = estimate.at_most(7)
    assert capped.degrees_of_freedom == 7
    assert capped.p_value == pytest.approx(2 * scipy.stats.t.sf(abs(d.mean()) / math.sqrt(estimate.variance), 7))
    assert capped.interval is not None
    assert estimate.interval is not None
    assert capped.interval[0] < estimate.interval[0]
    assert capped.at_most(100) == capped


@pytest.mark.parametrize(
    "bad", [np.zeros(4), np.zeros((1, 5)), np.zeros((5, 1)), np.array([[0.0, math.nan], [1.0, 0.0]])]
)
def test_tables_that_cannot_be_analysed_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"needs at least|finite"):
        crossed(bad)


def test_the_variance_is_right_on_average() -> None:
    """Normal effects of known size, both clearly above the noise: E[variance] is that of the mean."""
    rng = np.random.default_rng(7)
    seeds, groups, draws = 6, 12, 4000
    variances, means = np.empty(draws), np.empty(draws)
    for draw in range(draws):
        d = (
            2.0 * rng.standard_normal((seeds, 1))
            + 2.0 * rng.standard_normal((1, groups))
            + 0.5 * rng.standard_normal((seeds, groups))
        )
        estimate = crossed(d)
        variances[draw], means[draw] = estimate.variance, estimate.mean
    truth = 4.0 / seeds + 4.0 / groups + 0.25 / (seeds * groups)
    assert variances.mean() == pytest.approx(truth, rel=0.05)
    assert means.var() == pytest.approx(truth, rel=0.08)


def random_arms(seeds: int, groups: int, *, spreads: tuple[float, float] = (1.0, 1.0)) -> tuple[np.ndarray, np.ndarray]:
    """Two arms on the same groups, each with seeds of its own."""
    rng = np.random.default_rng([7, seeds, groups])
    shared = rng.standard_normal((1, groups))
    first, second = (
        shared
        + 0.5 * rng.standard_normal((1, groups))
        + spread * rng.standard_normal((seeds, 1))
        + rng.standard_normal((seeds, groups))
        for spread in spreads
    )
    return first, second


def test_two_arms_worked_by_hand() -> None:
    """Seeds' means 2, 4 and 1, 1: squares 6 and 0, so Welch leaves S - 1 = 1. Of the differences, groups deviate by
    -1.5, 0.5, 1 and residuals by 1.5, -0.5, -1 and back: both squares 3.5, so groups add nothing."""
    first = np.array([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]])
    second = np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]])
    estimate = two_arms(first, second)
    assert estimate.mean == pytest.approx(2.0)
    assert (estimate.ms_seed, estimate.ms_group, estimate.ms_residual) == pytest.approx((6.0, 3.5, 3.5))
    assert (estimate.variance, estimate.seed_freedom, estimate.degrees_of_freedom) == pytest.approx((1.0, 1.0, 1.0))
    assert estimate.p_value == pytest.approx(2 / math.pi * math.atan(1 / 2.0))  # Cauchy's tails beyond 2


def test_with_groups_that_do_not_matter_two_arms_are_welchs_t_test() -> None:
    """The same score for every group of a seed: only seeds vary, and the test is scipy's for unequal variances."""
    rng = np.random.default_rng(5)
    first, second = 0.3 + rng.standard_normal(6), 3.0 * rng.standard_normal(6)
    expected = scipy.stats.ttest_ind(first, second, equal_var=False)
    estimate = two_arms(np.repeat(first[:, None], 8, axis=1), np.repeat(second[:, None], 8, axis=1))
    assert estimate.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert estimate.degrees_of_freedom == pytest.approx(expected.df, rel=1e-9)
    assert estimate.interval == pytest.approx(tuple(expected.confidence_interval()), rel=1e-9)


def test_seeds_may_stand_in_any_order_where_their_groups_agree() -> None:
    """The number on a seed carries no information: pairing the runs anew changes the residual alone."""
    first, second = random_arms(5, 40)
    again = two_arms(first, second[[3, 1, 4, 0, 2]])
    there = two_arms(first, second)
    assert (again.mean, again.ms_seed, again.ms_group) == pytest.approx((there.mean, there.ms_seed, there.ms_group))


@pytest.mark.parametrize(("seeds", "groups"), SHAPES)
def test_swapping_two_arms_mirrors_the_estimate(seeds: int, groups: int) -> None:
    first, second = random_arms(seeds, groups)
    there, back = two_arms(first, second), two_arms(second, first)
    assert back.p_value == pytest.approx(there.p_value, rel=1e-12)
    assert there.interval is not None
    assert back.interval == pytest.approx((-there.interval[1], -there.interval[0]), rel=1e-12)
    assert seeds - 1 <= there.seed_freedom <= 2 * (seeds - 1)


def test_a_steady_arm_leaves_the_degrees_of_freedom_of_the_other() -> None:
    first, second = random_arms(4, 400, spreads=(3.0, 0.0))
    second = second - second.mean(axis=1, keepdims=True)  # exactly as good under every seed
    assert two_arms(first, second).seed_freedom == pytest.approx(3.0)


def test_seeds_that_agree_by_chance_are_no_certainty() -> None:
    """Every run right on half the clips, but on different ones: the seeds' spread is 0, the residual is not."""
    first = np.array([[1.0, 1.0, 0.0, 0.0] * 5, [0.0, 1.0, 1.0, 0.0] * 5])
    second = np.array([[0.0, 0.0, 1.0, 1.0] * 5, [0.0, 1.0, 0.0, 1.0] * 5])
    estimate = two_arms(first, second)
    assert estimate.ms_seed == 0.0
    assert estimate.variance >= estimate.ms_residual / 40 > 0.0
    assert estimate.p_value == pytest.approx(1.0)


def as_table(values: np.ndarray) -> np.ndarray:
    """The same score for every one of 8 groups: only seeds vary."""
    return np.repeat(values[:, None], 8, axis=1)


def test_pooled_over_arms_it_is_the_t_test_with_the_error_of_the_analysis_of_variance() -> None:
    """Fisher's comparison after a one-way analysis of variance: the within mean square of all arms, 4 (S - 1)."""
    rng = np.random.default_rng(4)
    arms = [0.1 * index + spread * rng.standard_normal(5) for index, spread in enumerate((1.0, 0.8, 1.5, 1.3))]
    within = statistics.fmean(arm.var(ddof=1) for arm in arms)
    assert arms[0].var(ddof=1) + arms[1].var(ddof=1) < 2 * within  # so that the pool decides
    estimate = two_arms(as_table(arms[0]), as_table(arms[1]), spread=pooled_spread([as_table(arm) for arm in arms]))
    t = abs(arms[0].mean() - arms[1].mean()) / math.sqrt(within * 2 / 5)
    assert estimate.seed_freedom == 16
    assert estimate.p_value == pytest.approx(2 * scipy.stats.t.sf(t, 16), rel=1e-9)
    assert estimate.variance == pytest.approx(within * 2 / 5)


def test_a_pair_that_spreads_more_than_the_pool_keeps_its_own_spread() -> None:
    first, second = random_arms(5, 40, spreads=(3.0, 3.0))
    calm = random_arms(5, 40, spreads=(0.1, 0.1))
    pooled = two_arms(first, second, spread=pooled_spread([first, second, *calm]))
    assert pooled.variance == two_arms(first, second).variance


def test_two_arms_pool_nothing_and_an_arm_without_seeds_is_not_pooled() -> None:
    first, second = random_arms(5, 40)
    untuned = np.repeat(first[:1], 5, axis=0)
    assert pooled_spread([first, second]) is None
    assert pooled_spread([first, second, untuned]) is None
    third = random_arms(4, 40)[0]
    spread = pooled_spread([first, second, third, untuned])
    assert spread is not None
    assert spread.degrees_of_freedom == 4 + 4 + 3
    against = two_arms(first, untuned, spread=spread)
    assert against.ms_seed == pytest.approx(max(spread.ms_seed, two_arms(first, untuned).ms_seed))


def test_two_arms_that_never_differ_give_no_p_value() -> None:
    first, _ = random_arms(5, 40)
    for shift in (0.0, 0.25):
        estimate = two_arms(first, first - shift)
        assert estimate.variance == 0.0
        assert estimate.p_value is None
        assert estimate.mean == pytest.approx(shift)


def test_two_arms_keep_their_level_with_normal_effects() -> None:
    """Both arms alike but for chance, at few seeds: 5 % within three standard errors, also where the spreads differ."""
    rng = np.random.default_rng(11)
    sweeps = 2000
    for seeds, spreads in ((3, (1.0, 1.0)), (5, (1.0, 1.0)), (5, (1.0, 0.2))):
        false = 0
        for _ in range(sweeps):
            shared = rng.standard_normal((2, 1, 30)) * 0.5
            first, second = (
                shared[arm] + spread * rng.standard_normal((seeds, 1)) + rng.standard_normal((seeds, 30))
                for arm, spread in enumerate(spreads)
            )
            p_value = two_arms(first, second).p_value
            false += p_value is not None and p_value <= 0.05
        assert false / sweeps <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / sweeps)


def test_a_pair_that_spreads_by_chance_keeps_the_pools_freedom_and_one_that_clearly_does_its_own() -> None:
    first, second = random_arms(5, 40, spreads=(1.1, 1.1))
    like = random_arms(5, 40, spreads=(1.0, 1.0))
    spread = pooled_spread([first, second, *like])
    assert spread is not None
    assert two_arms(first, second, spread=spread).seed_freedom == spread.degrees_of_freedom
    wild = random_arms(5, 40, spreads=(30.0, 30.0))
    clearly = two_arms(*wild, spread=pooled_spread([*wild, *like]))
    assert clearly.seed_freedom == pytest.approx(two_arms(*wild).seed_freedom, rel=1e-3)
    only = two_arms(first, second, spread=SeedSpread((two_arms(first, second).ms_seed) / 3, 12.0, 3))
    assert only.seed_freedom == two_arms(first, second).seed_freedom  # the third does not vary at all


def test_a_share_near_its_end_reaches_further_away_from_zero_and_p_does_not_change() -> None:
    rng = np.random.default_rng(5)
    first = (rng.random((5, 400)) < 0.99).astype(float)
    second = np.stack([rng.random(400) < chance for chance in (0.97, 0.93, 0.98, 0.95, 0.96)]).astype(float)
    plain, share = two_arms(first, second), two_arms(first, second, share=True)
    assert share.p_value == plain.p_value
    assert share.interval[0] == plain.interval[0]
    assert share.interval[1] > plain.interval[1]
    mirrored = two_arms(second, first, share=True)
    assert mirrored.interval == pytest.approx((-share.interval[1], -share.interval[0]))
    assert share.negated().interval_at(0.05) == pytest.approx(mirrored.interval)
    assert Estimate.from_dict(json.loads(json.dumps(asdict(share)))) == share
