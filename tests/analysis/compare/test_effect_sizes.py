"""Effect sizes: against base R, hand-worked ranks, and where they are not defined."""

import numpy as np
import pytest

from analysis.compare.effect_sizes import cohen_d, effects, rank_biserial
from analysis.predictions.align import correct
from analysis.stats.paired_binary import PairedCounts
from analysis.verdict.comparison import compare


def test_cohens_d_agrees_with_r(golden, golden_table) -> None:
    pairs = golden_table("pairs")
    assert cohen_d(pairs[:, 0] - pairs[:, 1]) == pytest.approx(golden["pairs.cohen_d"][0], abs=1e-10)


def test_rank_biserial_by_hand() -> None:
    """Ranks of |d|: 1, 2, 3, 4; favourable 1 + 3 + 4, unfavourable 2: (8 - 2) / 10."""
    assert rank_biserial(np.array([0.1, -0.2, 0.3, 0.4, 0.0])) == pytest.approx(0.6)
    assert rank_biserial(np.array([1.0, 2.0])) == 1.0


def test_not_defined_is_none() -> None:
    assert cohen_d(np.array([0.1])) is None
    assert cohen_d(np.array([0.1, 0.1, 0.1])) is None
    assert rank_biserial(np.zeros(5)) is None


def test_all_of_a_comparison(make) -> None:
    rng = np.random.default_rng(0)
    first, second = ({s: make(rng.random(50) < chance) for s in (1, 2, 3)} for chance in (0.9, 0.7))
    comparison = compare(first, second, lambda p: float(correct(p).mean()), metric_name="accuracy")
    found = effects(comparison, rng.standard_normal(50), {1: PairedCounts(30, 8, 2, 10)}, alpha=0.05)
    by_name = {effect.name: effect for effect in found}
    assert by_name["odds ratio of discordant examples"].value == 4.0
    assert by_name["Cohen's g"].value == pytest.approx(0.3)
    d = [comparison.first_values[s] - comparison.second_values[s] for s in (1, 2, 3)]
    assert by_name["Cohen's d over seeds"].value == pytest.approx(np.mean(d) / np.std(d, ddof=1))
    silent = effects(comparison, None, {1: PairedCounts(50, 0, 0, 0)}, alpha=0.05)
    assert [effect.value for effect in silent][1:] == [None, None]
