"""Probabilities beside the tests: closed forms, symmetry, and how often what is called probable is so."""

import numpy as np
import pytest
from scipy import stats

from analysis.compare.equivalence import from_estimate
from analysis.stats.crossed import crossed, seeds_only
from analysis.stats.posterior import DRAWS, highest_probabilities, region_probabilities


def test_with_a_flat_prior_the_probabilities_are_the_one_sided_p_values() -> None:
    estimate = seeds_only(np.array([[0.01], [0.02], [0.03], [0.015]]))
    below, within, above = region_probabilities(estimate, 0.02)
    assert below + within + above == pytest.approx(1.0)
    found = from_estimate(estimate, 0.02)
    assert found is not None
    assert (below, above) == pytest.approx((found.worse_by_less, found.better_by_less))


def test_of_two_means_the_higher_is_as_probable_as_t_says() -> None:
    found = highest_probabilities(np.array([0.7, 0.0]), np.array([[0.0, 0.25], [0.25, 0.0]]), 5.0, rng())
    assert found.sum() == 1.0
    assert found[0] == pytest.approx(stats.t(5).cdf(0.7 / 0.5), abs=4 / np.sqrt(DRAWS))


def test_equal_means_share_equally_and_order_does_not_matter() -> None:
    equal = 0.04 * (1.0 - np.eye(4))
    assert highest_probabilities(np.zeros(4), equal, 8.0, rng()) == pytest.approx([0.25] * 4, abs=0.015)
    means, apart = np.array([0.3, 0.1, 0.2]), np.array([[0.0, 0.02, 0.05], [0.02, 0.0, 0.04], [0.05, 0.04, 0.0]])
    turned = [2, 0, 1]
    there = highest_probabilities(means, apart, 6.0, rng())
    again = highest_probabilities(means[turned], apart[np.ix_(turned, turned)], 6.0, rng())
    assert again == pytest.approx(there[turned], abs=0.02)


def test_three_independent_means_follow_their_normal_integral() -> None:
    means, own = np.array([0.0, 0.5, 1.0]), np.array([1.0, 2.0, 0.5])
    apart = (own[:, None] + own) * (1 - np.eye(3))
    points = np.linspace(-12, 12, 20_001)
    density = [stats.norm(m, np.sqrt(v)) for m, v in zip(means, own, strict=True)]
    wanted = [
        np.trapezoid(density[k].pdf(points) * np.prod([density[j].cdf(points) for j in range(3) if j != k], 0), points)
        for k in range(3)
    ]
    assert highest_probabilities(means, apart, 1e6, rng()) == pytest.approx(wanted, abs=0.015)


def test_what_is_called_probable_is_so_as_often() -> None:
    """Sweeps of 5 seeds and 30 groups with a true difference from a wide range: where the posterior says 80 to 95 %,
    the difference has that sign as often; where it gives a region a probability, it lies there as often."""
    draw = rng()
    said, true, within, lies = [], [], [], []
    for _ in range(3000):
        difference = draw.uniform(-0.3, 0.3)
        seeds, groups = 0.05 * draw.standard_normal((5, 1)), 0.2 * draw.standard_normal(30)
        estimate = crossed(difference + seeds + groups + 0.2 * draw.standard_normal((5, 30)))
        _, _, more = region_probabilities(estimate, 0.0)
        said.append(more)
        true.append(difference > 0)
        within.append(region_probabilities(estimate, 0.05)[1])
        lies.append(abs(difference) < 0.05)
    for probability, happened, low, high in ((said, true, 0.8, 0.95), (within, lies, 0.4, 0.9)):
        inside = (np.array(probability) > low) & (np.array(probability) < high)
        claimed, share = np.array(probability)[inside].mean(), np.array(happened)[inside].mean()
        assert inside.sum() > 100
        assert abs(share - claimed) < 3.3 * np.sqrt(claimed * (1 - claimed) / inside.sum()) + 0.02


def rng() -> np.random.Generator:
    return np.random.default_rng(7)
