"""Every family of tests on equal models: at 5 % it claims in at most 5 % of 2,000 draws, within three standard errors.

Small cells for every run of the tests; `benchmarks/FALSE_WINNERS.md` has the large ones. The bootstraps are not here:
what they claim too often is measured there, and said beside them.
"""

from collections.abc import Callable

import numpy as np
import pytest

from analysis.stats.correlation import correlation_difference
from analysis.stats.crossed import Squares, crossed_all, groups_only_all, seeds_of, seeds_only_all, two_arms_all
from analysis.stats.friedman import average_ranks, cochran_q, friedman_all, ranking
from analysis.stats.mapsswe import of_differences
from analysis.stats.meta_analysis import difference_variances, pool_all
from analysis.stats.multiplicity import holm_all
from analysis.stats.paired_binary import PairedCounts, mcnemar_mid_p, mcnemar_p_values, tango_statistics
from analysis.stats.resampling import permutation
from analysis.stats.signs import sign_flip, wilcoxon

DRAWS, ALPHA = 2000, 0.05
Family = Callable[[np.random.Generator], np.ndarray]


def tables(rng: np.random.Generator, arms: int, seeds: int = 3, groups: int = 24) -> np.ndarray:
    """(DRAWS, arms, seeds, groups): difficulty that all share, taste of each arm, luck of each seed."""
    difficulty = rng.standard_normal((DRAWS, 1, 1, groups))
    taste = 0.7 * rng.standard_normal((DRAWS, arms, 1, groups))
    luck = 0.3 * rng.standard_normal((DRAWS, arms, seeds, 1))
    return difficulty + taste + luck + rng.standard_normal((DRAWS, arms, seeds, groups))


def answers(rng: np.random.Generator, models: int, examples: int = 60) -> np.ndarray:
    """(DRAWS, models, examples) right and wrong of models of one accuracy, on examples of unlike difficulty."""
    logit = 1.2 + rng.standard_normal((DRAWS, 1, examples)) + 0.7 * rng.standard_normal((DRAWS, models, examples))
    return rng.random(logit.shape) < 1.0 / (1.0 + np.exp(-logit))


def discordant(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    first, second = answers(rng, 2).swapaxes(0, 1)
    return (first & ~second).sum(axis=-1).astype(float), (~first & second).sum(axis=-1).astype(float)


def two_arms(rng: np.random.Generator) -> np.ndarray:
    table = tables(rng, 2)
    found = two_arms_all(seeds_of(table[:, 0]), seeds_of(table[:, 1]), Squares.of(table[:, 0] - table[:, 1]))
    return found.at_most(23.0).p_values()


def crossed(rng: np.random.Generator) -> np.ndarray:
    table = tables(rng, 2)
    return crossed_all(Squares.of(table[:, 0] - table[:, 1])).at_most(23.0).p_values()


def groups_only(rng: np.random.Generator) -> np.ndarray:
    difference = rng.standard_normal((DRAWS, 1, 24)) + rng.standard_normal((DRAWS, 3, 24))
    return groups_only_all(Squares.of(difference)).p_values()


def seeds_only(rng: np.random.Generator) -> np.ndarray:
    return seeds_only_all(
        Squares.of(rng.standard_normal((DRAWS, 4, 1)) + rng.standard_normal((DRAWS, 4, 9)))
    ).p_values()


def holm(rng: np.random.Generator) -> np.ndarray:
    table = tables(rng, 3)
    pairs = ((0, 1), (0, 2), (1, 2))
    found = [
        two_arms_all(seeds_of(table[:, a]), seeds_of(table[:, b]), Squares.of(table[:, a] - table[:, b])).p_values()
        for a, b in pairs
    ]
    return holm_all(np.stack(found, axis=-1)).min(axis=-1)


def mcnemar_exact(rng: np.random.Generator) -> np.ndarray:
    return mcnemar_p_values(*discordant(rng))


def mcnemar_mid(rng: np.random.Generator) -> np.ndarray:
    made = [PairedCounts.divided(int(b), int(c), 60) for b, c in zip(*discordant(rng), strict=True)]
    return np.array([1.0 if (p := mcnemar_mid_p(counts)) is None else p for counts in made])


def tango(rng: np.random.Generator) -> np.ndarray:
    from scipy.special import ndtr

    return 2.0 * ndtr(-np.abs(tango_statistics(*discordant(rng), 60, np.zeros(DRAWS))))


def no_worse(rng: np.random.Generator) -> np.ndarray:
    """The first is worse by just the margin: that it is not must be claimed in a twentieth."""
    table = tables(rng, 2)
    table[:, 0] -= 0.4
    found = two_arms_all(seeds_of(table[:, 0]), seeds_of(table[:, 1]), Squares.of(table[:, 0] - table[:, 1]))
    return found.at_most(23.0).one_sided(0.4)[0]


def hartung_knapp(rng: np.random.Generator) -> np.ndarray:
    """Seeds on the same examples; their luck is what varies."""
    from scipy.special import stdtr

    luck = rng.standard_normal((DRAWS, 2, 5, 1))
    right = rng.random((DRAWS, 2, 5, 200)) < 1.0 / (1.0 + np.exp(-(1.0 + luck)))
    first, second = right[:, 0], right[:, 1]
    b, c = (first & ~second).sum(axis=-1), (~first & second).sum(axis=-1)
    pools = pool_all((b - c) / 200, difference_variances(b, c, 200))
    return 2.0 * stdtr(4.0, -np.abs(pools.random_mean) / pools.hartung_knapp_error)


def cochran(rng: np.random.Generator) -> np.ndarray:
    found = (cochran_q(right.T).p_value for right in answers(rng, 3))
    return np.array([1.0 if p is None else p for p in found])


def blocks(rng: np.random.Generator) -> np.ndarray:
    """(DRAWS, blocks, 3) shares of right answers in 30 groups of 3, seldom wrong: nearly all tied."""
    return (rng.random((DRAWS, 30, 3, 3)) < 0.9).mean(axis=-1)


def friedman(rng: np.random.Generator) -> np.ndarray:
    return np.nan_to_num(friedman_all(average_ranks(blocks(rng))).p_value, nan=1.0)


def iman_davenport(rng: np.random.Generator) -> np.ndarray:
    return np.nan_to_num(friedman_all(average_ranks(blocks(rng))).f_p_value, nan=1.0)


def nemenyi(rng: np.random.Generator) -> np.ndarray:
    some = blocks(rng)[:200]  # a studentized range is slow
    return np.array([min(ranking(values, "abc").nemenyi_p.values()) for values in some])


def flipped(rng: np.random.Generator) -> np.ndarray:
    return np.array([sign_flip(values).p_value for values in rng.standard_normal((DRAWS, 7))])


def signed_ranks(rng: np.random.Generator) -> np.ndarray:
    return np.array([wilcoxon(values).p_value for values in rng.standard_normal((DRAWS, 7))])


def exchanged(rng: np.random.Generator) -> np.ndarray:
    sums = np.stack([rng.standard_normal((DRAWS, 9, 2)), np.ones((DRAWS, 9, 2))], axis=-1)[:, :, :, None]
    return np.array([permutation(own, lambda s: s[..., 0] / s[..., 1], rng=rng).p_value for own in sums])


def correlations(rng: np.random.Generator) -> list:
    target, shared, *errors = rng.standard_normal((4, DRAWS, 40))
    first, second = (target + shared + error for error in errors)
    return [correlation_difference(*each) for each in zip(target, first, second, strict=True)]


def williams(rng: np.random.Generator) -> np.ndarray:
    return np.array([found.williams_p for found in correlations(rng)])


def steiger(rng: np.random.Generator) -> np.ndarray:
    return np.array([found.steiger_p for found in correlations(rng)])


def mapsswe(rng: np.random.Generator) -> np.ndarray:
    segments = rng.poisson(0.8, (DRAWS, 60)) - rng.poisson(0.8, (DRAWS, 60))
    return np.array([of_differences(own).p_value for own in segments])


FAMILIES: tuple[Family, ...] = (
    *(two_arms, crossed, groups_only, seeds_only, holm, mcnemar_exact, mcnemar_mid, tango, no_worse, hartung_knapp),
    *(cochran, friedman, iman_davenport, nemenyi, flipped, signed_ranks, exchanged, williams, steiger, mapsswe),
)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_equal_models_are_told_apart_in_a_twentieth_of_draws(family: Family) -> None:
    p_values = family(np.random.default_rng(0))
    assert np.isfinite(p_values).all()
    share = float((p_values <= ALPHA).mean())
    assert share <= ALPHA + 3.0 * np.sqrt(ALPHA * (1.0 - ALPHA) / len(p_values)), share
    assert p_values.max() > 0.5  # and it is no test that never speaks
