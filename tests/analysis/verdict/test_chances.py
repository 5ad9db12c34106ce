"""Beside the verdict: probabilities of being better, the best, and as good."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.verdict.chances import as_plain, chances, in_words
from analysis.verdict.result import Verdict
from analysis.verdict.rule import verdict
from analysis.verdict.wording import as_record
from tests.analysis.verdict.test_rule import accuracy, judged, simulated


def test_a_clear_winner_is_almost_certain_and_one_finalist_is_judged_by_t(make) -> None:
    clear = {each.arm: each for each in chances(judged(make, [0.95, 0.75, 0.7]))}
    assert clear["trial 1"].better > 0.99
    assert clear["trial 1"].best > 0.99
    assert clear["trial 1"].equal is None
    (only,) = chances(judged(make, [0.8, 0.78]))
    estimate = judged(make, [0.8, 0.78]).against_baseline[0].estimate
    assert estimate is not None
    t = stats.t(estimate.degrees_of_freedom)
    assert only.better == pytest.approx(t.cdf(estimate.mean / np.sqrt(estimate.variance)))
    assert only.best == pytest.approx(only.better, abs=0.02)


def test_probabilities_of_being_the_best_add_up_with_the_baselines(make) -> None:
    found = chances(judged(make, [0.8, 0.8, 0.8, 0.8]))
    assert 0.0 < sum(each.best for each in found) < 1.0


def test_with_a_metric_of_errors_less_is_better(make) -> None:
    arms = simulated(make, np.random.default_rng(0), [0.9, 0.7], seeds=5, clips=200)
    errors = lambda predictions: 1.0 - accuracy(predictions)  # noqa: E731
    found = verdict({"trial 1": arms[0]}, arms[1], errors, metric_name="test/error", mode="min")
    (only,) = chances(found)
    assert only.better > 0.99
    assert only.best > 0.99


def test_finalists_among_each_other_are_held_against_the_best_of_the_others(make) -> None:
    found = {each.arm: each for each in chances(judged(make, [0.9, 0.8, 0.7, 0.7], question="each_other"))}
    assert found["trial 1"].rival == "trial 2"
    assert {found["trial 2"].rival, found["trial 3"].rival} == {"trial 1"}


def test_what_is_worth_it_is_the_region(make) -> None:
    near = replace(judged(make, [0.8, 0.8], clips=2000), worth=0.05)
    (only,) = chances(near)
    assert only.equal is not None
    assert only.equal > 0.8
    words = in_words(chances(near), near.worth)
    assert words is not None
    assert words.startswith("Beside the test, under a flat prior: trial 1 is better than baseline with probability ")
    assert f"apart from it by less than 0.05 with {only.equal:.2f}" in words


def test_one_seed_and_equal_answers_have_none(make) -> None:
    assert chances(judged(make, [0.8, 0.7], seeds=1)) == ()
    same = make(np.ones(50))
    equal = verdict({"trial 1": {1: same, 2: same}}, {1: same, 2: same}, accuracy, metric_name="test/accuracy")
    assert chances(equal) == ()
    assert in_words((), None) is None


def test_the_record_holds_them_and_reads_back_without(make) -> None:
    found = replace(judged(make, [0.9, 0.8, 0.7]), worth=0.01)
    record = as_record(found)
    assert record["chances"] == as_plain(chances(found))
    assert record["beside"] == in_words(chances(found), 0.01)
    assert Verdict.from_dict(record) == found
    before = {name: value for name, value in record.items() if name not in ("worth", "chances", "beside")}
    assert Verdict.from_dict(before) == replace(found, worth=None)
