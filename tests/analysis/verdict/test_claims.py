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
