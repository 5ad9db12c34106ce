"""No worse than: against base R's one-sided t-tests, and never shown by a lack of data."""

import numpy as np
import pytest

from analysis.compare.equivalence import equivalence_findings, from_counts, from_estimate
from analysis.predictions.align import correct
from analysis.stats.crossed import seeds_only
from analysis.stats.paired_binary import PairedCounts
from analysis.verdict.comparison import compare


def test_two_one_sided_tests_agree_with_r(golden, golden_table) -> None:
    pairs = golden_table("pairs")
    estimate = seeds_only((pairs[:, 0] - pairs[:, 1])[:, None])
    low, high = from_estimate(estimate, 0.01), from_estimate(estimate, 0.05)
    assert low is not None
    assert high is not None
    assert low.worse_by_less == pytest.approx(golden["pairs.no_worse"][0], abs=1e-10)
    assert high.better_by_less == pytest.approx(golden["pairs.no_better"][0], abs=1e-10)
    assert high.interval == pytest.approx(golden["pairs.tost_interval"], abs=1e-10)
    assert high.p_value == max(high.worse_by_less, high.better_by_less)


def test_where_less_is_better_the_sides_change() -> None:
    estimate = seeds_only(np.array([[0.01], [0.02], [0.03], [0.015]]))
    more, less = from_estimate(estimate, 0.02, mode="max"), from_estimate(estimate, 0.02, mode="min")
    assert more is not None
    assert less is not None
    assert (more.worse_by_less, more.better_by_less) == (less.better_by_less, less.worse_by_less)


def test_equivalence_is_the_interval_within_the_margin() -> None:
    counts = PairedCounts(900, 22, 18, 60)
    found = from_counts(counts, 0.05, alpha=0.05)
    assert (found.p_value <= 0.05) == (found.interval[0] > -0.05 and found.interval[1] < 0.05)
    edge = max(map(abs, found.interval))
    assert from_counts(counts, edge).p_value == pytest.approx(0.05, abs=1e-9)


def test_few_examples_show_no_equivalence() -> None:
    assert from_counts(PairedCounts(29, 2, 1, 0), 0.05).p_value > 0.05
    balanced = [from_counts(PairedCounts(95 * n, 2 * n, 2 * n, n), 0.02) for n in (1, 10, 100)]
    assert all(each.worse_by_less == pytest.approx(each.better_by_less) for each in balanced)
    assert balanced[0].p_value > balanced[1].p_value > balanced[2].p_value


def test_without_variance_it_cannot_be_told(make) -> None:
    runs = {seed: make([True, False] * 20) for seed in (1, 2)}
    accuracy = lambda p: float(correct(p).mean())  # noqa: E731
    same = compare(runs, dict(runs), accuracy, metric_name="accuracy")
    for finding in equivalence_findings(same, None, 0.1, mode="max", alpha=0.05):
        assert finding.p_value is None
        assert "cannot tell" in finding.note


def test_findings_name_the_margin_and_the_claim(make) -> None:
    rng = np.random.default_rng(0)
    first, second = ({s: make(rng.random(400) < 0.9) for s in range(3)} for _ in range(2))
    accuracy = lambda p: float(correct(p).mean())  # noqa: E731
    comparison = compare(first, second, accuracy, metric_name="accuracy", names=("a", "b"))
    both, worse, other, region = equivalence_findings(comparison, None, 0.2, mode="max", alpha=0.05)
    assert both.name == "equivalent within 0.2 (TOST)"
    assert worse.name == "a no worse by 0.2 (one-sided)"
    assert other.name == "b no worse by 0.2 (one-sided)"
    assert region.p_value is None
    assert both.p_value == max(worse.p_value, other.p_value)
    assert both.claim == "population"
    assert both.p_value is not None
    assert both.p_value < 0.05
