"""Which test the seeds and groups at hand allow; what each then says is in test_comparison.py."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from analysis.predictions.align import correct
from analysis.predictions.metrics import METRICS
from analysis.stats.finding import CLAIMS
from analysis.verdict.claims import RULES
from analysis.verdict.comparison import compare

ACCURACY = METRICS["accuracy"]


def test_every_sample_has_a_rule() -> None:
    assert set(RULES) == set(itertools.product([True, False], repeat=3))


@pytest.mark.parametrize(
    ("seeds", "groups", "metric", "claim", "method"),
    [
        (3, 30, "accuracy", "population", "crossed random effects over seeds and test groups"),
        (3, 30, "macro_f1", "population", "crossed random effects over seeds and test groups"),
        (3, 4, "accuracy", "groups", "t-test over seeds"),
        (3, 4, "macro_f1", "groups", "t-test over seeds"),
        (1, 60, "accuracy", "models", "exact McNemar test"),
        (1, 60, "macro_f1", "models", "t-test over test groups"),
        (1, 30, "accuracy", "models", "t-test over test groups"),  # clips of a group are no independent counts
        (1, 4, "accuracy", "examples", "exact McNemar test"),
        (1, 4, "macro_f1", "models_and_groups", "none: one seed and too few test groups"),
    ],
)
def test_the_sample_chooses_the_test(make, seeds: int, groups: int, metric: str, claim: str, method: str) -> None:
    rng = np.random.default_rng(0)
    options = {"groups": [f"g{i % groups}" for i in range(60)], "targets": ["no"] * 30 + ["yes"] * 30}
    a, b = ({s: make(rng.random(60) < chance, **options) for s in range(seeds)} for chance in (0.9, 0.7))
    scores = correct if metric == "accuracy" else None
    found = compare(a, b, METRICS[metric], metric_name=metric, example_scores=scores)
    assert (found.claim, found.method) == (claim, method)
    assert claim in CLAIMS


def test_a_mean_that_is_no_count_of_right_answers_is_no_case_for_mcnemar(make) -> None:
    """The loss of one seed: McNemar's p-value and interval would be those of the accuracy."""
    rng = np.random.default_rng(1)
    a, b = (make(rng.random(60) < chance) for chance in (0.9, 0.7))
    a, b = ({1: replace(run, scores=rng.standard_normal((60, 2)))} for run in (a, b))
    loss = METRICS["loss"]
    found = compare(a, b, loss, metric_name="loss", example_scores=loss.scores)
    assert found.method == "t-test over test groups"
    assert found.estimate is not None
    assert found.estimate.mean == pytest.approx(found.difference)


def test_unequal_groups_limit_the_freedom_and_are_said(make) -> None:
    rng = np.random.default_rng(2)
    names = [f"g{i}" for i, size in enumerate([116] + [4] * 29) for _ in range(size)]
    a, b = ({s: make(rng.random(232) < chance, groups=names) for s in range(3)} for chance in (0.9, 0.8))
    found = compare(a, b, ACCURACY, metric_name="accuracy", example_scores=correct)
    assert found.claim == "population"
    assert found.estimate is not None
    assert found.estimate.degrees_of_freedom == pytest.approx(2.867, abs=1e-3)
    assert any("weigh like 3.9 equal ones" in warning for warning in found.warnings)
    one = compare({0: a[0]}, {0: b[0]}, ACCURACY, metric_name="accuracy", example_scores=correct)
    assert one.estimate is not None
    assert one.estimate.degrees_of_freedom == pytest.approx(2.867, abs=1e-3)


@pytest.mark.parametrize("groups", [20, 21, 22, 40, 200])
def test_the_freedom_does_not_jump_where_groups_are_no_longer_few(make, groups: int) -> None:
    """It was 19 with 20 groups and without limit with 21."""
    rng = np.random.default_rng(3)
    taste = rng.random((2, groups)) < 0.8  # the groups decide, the same under every seed
    names = [f"g{i % groups}" for i in range(2 * groups)]
    targets = ["no"] * groups + ["yes"] * groups
    a, b = ({s: make(np.tile(arm, 2), groups=names, targets=targets) for s in range(3)} for arm in taste)
    estimate = compare(a, b, ACCURACY, metric_name="accuracy", example_scores=correct).estimate
    assert estimate is not None
    assert estimate.degrees_of_freedom == groups - 1


def test_no_interval_leaves_what_is_possible(make) -> None:
    a, b = ({s: make(row) for s, row in enumerate(rows)} for rows in ([[1] * 14, [0] * 14], [[0, 1] * 7, [0] * 14]))
    found = compare(a, b, ACCURACY, metric_name="accuracy", example_scores=correct)
    assert found.interval is not None
    assert found.interval[0] >= -1.0
    assert found.interval[1] <= 1.0
