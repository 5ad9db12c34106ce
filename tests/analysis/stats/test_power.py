"""Power against published figures, closed forms and simulation, and the way back from a difference to a sample."""

import math

import numpy as np
import pytest
import scipy.stats

from analysis.stats.crossed import two_arms
from analysis.stats.power import (
    Components,
    assumed_components,
    collapse_sentence,
    components_of,
    detectable,
    detectable_before,
    mcnemar_clips,
    needed,
    power,
    seeds_to_see,
    unseen,
)

MIXED = Components(seed=0.0004, group=0.05, residual=0.05)


def test_mcnemar_sample_sizes_are_connors() -> None:
    """3 of 32 discordant, 30 against 31 right: what would settle it."""
    assert round(mcnemar_clips(3 / 32, 1 / 32)) == 751
    assert round(mcnemar_clips(3 / 32, 1 / 32, power_wanted=0.9)) == 1005


def test_mcnemar_sample_size_reaches_its_power() -> None:
    """The score test on that many simulated clips: 80 % within Monte Carlo error and the normal approximation."""
    discordance, difference = 0.2, 0.04
    clips = math.ceil(mcnemar_clips(discordance, difference))
    first, second = (discordance + difference) / 2, (discordance - difference) / 2
    counts = np.random.default_rng(0).multinomial(clips, [first, second, 1 - discordance], size=20_000)
    b, c = counts[:, 0], counts[:, 1]
    z = np.abs(b - c) / np.sqrt(np.maximum(b + c, 1))
    assert (z > scipy.stats.norm.isf(0.025)).mean() == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(
    "arguments", [(0.1, 0.0), (0.1, 0.2), (0.0, 0.0), (1.1, 0.2), (0.2, 0.1, 0.04), (0.2, 0.1, 1.0)]
)
def test_mcnemar_refuses_what_cannot_be(arguments: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="needs"):
        mcnemar_clips(arguments[0], arguments[1], **({"power_wanted": arguments[2]} if arguments[2:] else {}))


def test_without_seed_variance_it_is_the_paired_t_test() -> None:
    """Only groups vary, and by the same under every seed: power of a one-sample t-test, by its textbook formula."""
    groups, sd, difference = 40, 0.5, 0.2
    shift = difference / (sd / math.sqrt(groups))
    critical = scipy.stats.t.isf(0.025, groups - 1)
    expected = scipy.stats.nct.sf(critical, groups - 1, shift) + scipy.stats.nct.cdf(-critical, groups - 1, shift)
    assert power(difference, Components(0.0, sd**2, 0.0), 3, groups) == pytest.approx(expected, abs=1e-10)


def test_with_seed_variance_alone_it_is_the_t_test_over_seeds() -> None:
    """G*Power 3.1, effect size 1, two-sided 5 %: 0.803 for one sample of 10, 0.807 for two of 17."""
    one_arm = Components(1.0, 0.0, 0.0, seed_freedom=1.0)
    assert power(1.0, one_arm, 10, 50) == pytest.approx(0.8031, abs=5e-4)
    assert power(1.0, Components(2.0, 0.0, 0.0), 17, 50) == pytest.approx(0.807, abs=1e-3)
    assert power(1.0, Components(2.0, 0.0, 0.0), 16, 50) < 0.8


def arms(
    rng: np.random.Generator, components: Components, seeds: int, groups: int, difference: float
) -> list[np.ndarray]:
    """Two tables of which the difference has these components, half of each variance from either arm."""
    return [
        gap
        + math.sqrt(components.seed / 2) * rng.standard_normal((seeds, 1))
        + math.sqrt(components.group / 2) * rng.standard_normal((1, groups))
        + math.sqrt(components.residual / 2) * rng.standard_normal((seeds, groups))
        for gap in (difference, 0.0)
    ]


def test_power_agrees_with_the_verdicts_own_rule() -> None:
    rng = np.random.default_rng(1)
    seeds, groups, difference, sweeps = 5, 60, 0.1, 1500
    shown = 0
    for _ in range(sweeps):
        p_value = two_arms(*arms(rng, MIXED, seeds, groups, difference)).p_value
        shown += p_value is not None and p_value <= 0.05
    assert shown / sweeps == pytest.approx(power(difference, MIXED, seeds, groups), abs=0.04)


def test_no_difference_is_shown_as_often_as_alpha() -> None:
    assert power(0.0, MIXED, 3, 50, alpha=0.01) == pytest.approx(0.01)


def test_more_of_anything_never_hurts() -> None:
    by_difference = [power(d, MIXED, 3, 50) for d in (0.0, 0.02, 0.05, 0.1, 0.5, 5.0)]
    assert by_difference == sorted(by_difference)
    assert by_difference[-1] == pytest.approx(1.0)
    by_seeds = [detectable(MIXED, seeds, 100) for seeds in (2, 3, 5, 10, 50)]
    by_groups = [detectable(MIXED, 5, groups) for groups in (30, 100, 1000, 10_000)]
    assert by_seeds == sorted(by_seeds, reverse=True)
    assert by_groups == sorted(by_groups, reverse=True)
    assert all(0 < value < 1 for value in (*by_seeds, *by_groups))


def test_few_groups_hold_the_freedom_down() -> None:
    assert MIXED.degrees_of_freedom(10, 8) <= 7
    assert detectable(Components(0.0, 1.0, 0.0), 5, 8) > detectable(Components(0.0, 1.0, 0.0), 5, 30) * math.sqrt(
        30 / 8
    )


def test_detectable_is_where_the_power_is_reached() -> None:
    for seeds, groups in ((2, 30), (5, 160), (10, 2000)):
        least = detectable(MIXED, seeds, groups)
        assert power(least, MIXED, seeds, groups) == pytest.approx(0.8, abs=1e-6)


def test_needed_is_the_fewest() -> None:
    for row in needed(0.1, MIXED, (3, 5, 10)):
        assert row.groups is not None
        assert power(0.1, MIXED, row.seeds, row.groups) >= 0.8
        assert row.groups == 2 or power(0.1, MIXED, row.seeds, row.groups - 1) < 0.8


def test_no_number_of_clips_replaces_a_seed() -> None:
    """The spread over seeds stays, however many examples there are."""
    assert needed(0.01, Components(0.0004, 0.05, 0.05), (2,))[0].groups is None


def test_nothing_that_varies_says_nothing() -> None:
    still = Components(0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="do not vary at all"):
        power(0.01, still, 3, 50)
    with pytest.raises(ValueError, match="do not vary at all"):
        detectable(still, 3, 50)


def test_components_are_recovered_from_two_arms() -> None:
    """Unbiased but for the cut at 0: on average over tables they are what the tables were made with."""
    rng = np.random.default_rng(2)
    wanted = Components(seed=0.09, group=0.5, residual=0.3)
    found = []
    for _ in range(400):
        c = components_of(two_arms(*arms(rng, wanted, 8, 40, 0.0)), 8, 40)
        found.append((c.seed, c.group, c.residual))
        assert 1.0 <= c.seed_freedom <= 2.0
    assert np.mean(found, axis=0) == pytest.approx((wanted.seed, wanted.group, wanted.residual), rel=0.06)


def test_components_give_back_the_verdicts_variance() -> None:
    rng = np.random.default_rng(3)
    estimate = two_arms(*arms(rng, Components(2.0, 3.0, 0.5), 5, 40, 0.1))
    components = components_of(estimate, 5, 40)
    assert components.variance(5, 40) == pytest.approx(estimate.variance)
    assert components.degrees_of_freedom(5, 40) == pytest.approx(estimate.degrees_of_freedom)


def test_assumed_discordance_is_the_variance_of_one_clip() -> None:
    c = assumed_components(seed_spread=0.0, discordance=0.1, difference=0.05, clips_per_group=1, within_group=0.3)
    assert c.group + c.residual == pytest.approx(0.1 - 0.05**2)
    grouped = assumed_components(
        seed_spread=0.02, discordance=0.1, difference=0.05, clips_per_group=4, within_group=0.3
    )
    assert grouped.group + grouped.residual == pytest.approx((0.1 - 0.05**2) * (1 + 3 * 0.3) / 4)
    assert grouped.seed == pytest.approx(2 * 0.02**2)


def test_the_table_before_a_sweep() -> None:
    rows = detectable_before(5, 160, 160)
    assert len(rows) == 9
    least = {(row.seed_spread, row.discordance): row.difference for row in rows}
    assert least[0.0, 0.05] < least[0.0, 0.2]
    assert least[0.0, 0.1] < least[0.03, 0.1]
    few = detectable_before(2, 8, 8, discordances=(0.05,), seed_spreads=(0.0,))
    assert few[0].difference is None  # 8 clips that differ on one in twenty show nothing


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="needs 2 seeds"):
        power(0.1, MIXED, 1, 50)
    with pytest.raises(ValueError, match="not negative"):
        Components(-1.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="between alpha and 1"):
        detectable(MIXED, 3, 50, power_wanted=0.05)
    with pytest.raises(ValueError, match="difference of 0"):
        needed(0.0, MIXED, (3,))


def test_a_collapse_is_unseen_as_often_as_its_formula_says() -> None:
    """0.8^5 = 33 % and 0.9^5 = 59 %; 14 and 29 seeds show one with 95 % certainty."""
    assert unseen(0.2, 5) == pytest.approx(0.32768)
    assert [seeds_to_see(rate) for rate in (0.1, 0.2)] == [29, 14]
    for rate in (0.03, 0.1, 0.2, 0.5):
        enough = seeds_to_see(rate)
        assert unseen(rate, enough) <= 0.05 + 1e-12 < unseen(rate, enough - 1)
    sentence = collapse_sentence(5)
    assert "59 % of sweeps where it is 10%" in sentence
    assert "33 % of sweeps where it is 20%" in sentence
    with pytest.raises(ValueError, match="between 0 and 1"):
        seeds_to_see(0.0)
