"""Levels of looks against published bounds and simulated walks; the predictive probability against its definition."""

import numpy as np
import pytest
from scipy.special import ndtri

from analysis.stats.crossed import seeds_of, two_arms
from analysis.stats.looks import interim_looks
from analysis.stats.sequential import chance_to_show, levels, little_chance, spent


def test_bounds_are_the_published_ones() -> None:
    # O'Brien-Fleming-like spending, five equal steps, two-sided 0.05: Lan and DeMets 1983; printed by ldbounds
    bounds = [-ndtri(level / 2.0) for level in levels((1, 2, 3, 4, 5), 0.05)]
    assert bounds == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=2e-4)


def test_one_look_has_the_whole_level() -> None:
    assert levels((4,), 0.05) == pytest.approx((0.05,), rel=1e-9)


@pytest.mark.parametrize("alpha", [0.05, 0.025])
@pytest.mark.parametrize("looks", [(2, 3), (2, 3, 5), (2, 3, 5, 8, 10)])
def test_walks_cross_as_often_as_was_spent(looks: tuple[int, ...], alpha: float) -> None:
    rng, walks = np.random.default_rng(1), 200_000
    score, crossed, before = np.zeros(walks), np.zeros(walks, dtype=bool), 0
    for look, level in zip(looks, levels(looks, alpha), strict=True):
        score += np.sqrt(look - before) * rng.standard_normal(walks)
        crossed |= np.abs(score) >= -ndtri(level / 2.0) * np.sqrt(look)
        before = look
        wanted = spent(look / looks[-1], alpha)
        assert crossed.mean() == pytest.approx(wanted, abs=4.0 * np.sqrt(wanted / walks) + 1e-9)


def test_looks_come_less_and_less_often_and_end_with_all_seeds() -> None:
    assert [interim_looks(seeds) for seeds in (2, 3, 4, 5, 10)] == [
        (2,),
        (2, 3),
        (2, 3, 4),
        (2, 3, 5),
        (2, 3, 5, 8, 10),
    ]
    assert little_chance((2, 3, 5)) == pytest.approx(2.0 * little_chance((2, 3, 5, 8, 10)))


def tables(seeds: int, gap: float, stream: int, seed_sd: float = 0.02) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(stream)
    groups = rng.normal(0.0, 0.05, (2, 1, 40))
    arms = groups + seed_sd * rng.standard_normal((2, seeds, 1)) + 0.1 * rng.standard_normal((2, seeds, 40))
    return 0.8 + gap + arms[0], 0.8 + arms[1]


def chance(first: np.ndarray, second: np.ndarray, planned: int, sign: float = 1.0) -> float:
    seeds = len(first)
    found = two_arms(first, second).as_arrays
    more = {"planned": planned, "groups": 40, "level": 0.05, "most_freedom": 39.0, "sign": sign}
    return float(chance_to_show(found, seeds=seeds, **more))


def test_the_chance_is_how_often_further_seeds_show_it() -> None:
    """Of worlds with these test groups: whoever is given a chance of p is shown in p of the cases, roughly."""
    given, shown = [], []
    for stream in range(400):
        first, second = tables(8, gap=0.03, stream=stream)
        given.append(chance(first[:4], second[:4], 8))
        found = two_arms(first, second)
        shown.append(found.mean > 0.0 and found.p_value is not None and found.p_value <= 0.05)
    likely = np.array(given) > 0.5
    for part in (likely, ~likely):
        assert np.mean(np.array(shown)[part]) == pytest.approx(np.mean(np.array(given)[part]), abs=0.1)


def test_the_chance_turns_with_the_sides_and_goes_up_with_the_difference() -> None:
    first, second = tables(3, gap=0.04, stream=5)
    assert chance(first, second, 6) == pytest.approx(chance(second, first, 6, sign=-1.0))
    rising = [chance(first + more, second, 6) for more in (-0.1, 0.0, 0.1)]
    assert rising == sorted(rising)
    assert rising[0] < 0.01
    assert rising[2] > 0.9


def test_without_seed_effects_nothing_is_open() -> None:
    first, second = tables(2, gap=0.0, stream=1)
    alike = np.repeat(first[:1], 2, axis=0), np.repeat(second[:1], 2, axis=0)
    assert not seeds_of(alike[0]).known
    assert chance(*alike, 5) in (0.0, 1.0)
