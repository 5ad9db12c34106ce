"""From raw answers to what is printed, against R, which starts from the same answers (tests/golden/analysis/answers.R).

Unequal groups, three classes, three arms, three seeds: pseudo-values, degrees of freedom and their cap, families, ranks
with ties, intervals of shares, seeds pooled by metafor.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from analysis.compare.comparison import Compared, compare_sources
from analysis.compare.counts import CountPair, Counts
from analysis.compare.published import compare_counts
from analysis.compare.sources import Source
from analysis.predictions.align import effective_groups
from analysis.predictions.metrics import METRICS
from analysis.predictions.pseudovalues import pseudovalues
from analysis.stats.finding import Method
from analysis.stats.meta_analysis import difference_variances, pool
from trainables.records import Predictions

HERE = Path(__file__).parents[2] / "golden" / "analysis"
CLASSES, SEEDS = ("x", "y", "z"), (1, 2, 3)
EXACT = {"rel": 1e-9, "abs": 1e-10}


@pytest.fixture(scope="module")
def r() -> dict[str, list[float]]:
    return json.loads((HERE / "answers.json").read_text())


@pytest.fixture(scope="module")
def arms() -> dict[str, Source]:
    with (HERE / "answers.csv").open() as file:
        rows = list(csv.DictReader(file))
    made = {}
    for arm in "abc":
        runs = {}
        for seed in SEEDS:
            scores = np.array([[float(row[f"{arm}{seed}.{name}"]) for name in CLASSES] for row in rows])
            runs[seed] = Predictions(
                example_ids=[row["example"] for row in rows],
                groups=[row["group"] for row in rows],
                folds=["-"] * len(rows),
                targets=[row["target"] for row in rows],
                outputs=[CLASSES[place] for place in scores.argmax(axis=1)],
                scores=scores,
                classes=CLASSES,
            )
        made[arm] = Source(arm, runs)
    return made


def compared(sources: list[Source], metric: str, **options: float) -> Compared:
    return compare_sources(sources, metric_name=metric, rng=np.random.Generator(np.random.SFC64(0)), **options)


def finding(found: Compared, method: Method, pair: int = 0, scope: str = ""):
    return next(each for each in found.pairs[pair].findings if (each.method, each.scope) == (method, scope))


def test_groups_and_pseudovalues(r, arms) -> None:
    run = arms["a"].runs[1]
    assert effective_groups(run) == pytest.approx(r["effective"][0], **EXACT)
    assert pseudovalues(run, METRICS["macro_f1"]) == pytest.approx(r["macro_f1.pseudo"], **EXACT)
    for metric in ("accuracy", "loss", "macro_f1"):
        for name, arm in arms.items():
            ours = [METRICS[metric](arm.runs[seed]) for seed in SEEDS]
            assert ours == pytest.approx(r[f"{metric}.{name}"], **EXACT)


@pytest.mark.parametrize("metric", ["accuracy", "loss", "macro_f1"])
def test_two_arms(r, arms, metric: str) -> None:
    c = compared([arms["a"], arms["b"]], metric).pairs[0].comparison
    assert c.estimate is not None
    ours = [c.difference, np.sqrt(c.estimate.variance), c.estimate.degrees_of_freedom, c.p_value]
    assert ours == pytest.approx(r[f"{metric}.two"][:4], **EXACT)
    if metric == "loss":  # of a share the end away from 0 reaches further
        assert c.interval == pytest.approx(r["loss.two"][4:], **EXACT)


def test_a_family_of_three_its_corrections_and_equivalence(r, arms) -> None:
    found = compared(list(arms.values()), "loss", margin=0.3)
    pairs = [pair.comparison for pair in found.pairs]
    assert [(c.first, c.second) for c in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [c.p_value for c in pairs] == pytest.approx(r["loss.family.p"], **EXACT)
    assert [c.adjusted_p_value for c in pairs] == pytest.approx(r["loss.family.holm"], **EXACT)
    assert [end for c in pairs for end in c.interval] == pytest.approx(r["loss.family.ends"], **EXACT)
    alike = [finding(found, Method.EQUIVALENT, pair) for pair in range(3)]
    assert [each.p_value for each in alike] == pytest.approx(r["loss.family.tost"], **EXACT)
    assert [end for each in alike for end in each.interval] == pytest.approx(r["loss.family.tost_ends"], **EXACT)


def test_one_seed_by_loss_is_a_test_over_groups_of_the_loss(r, arms) -> None:
    alone = [Source(name, {1: arms[name].runs[1]}) for name in "ab"]
    c = compared(alone, "loss").pairs[0].comparison
    assert c.method == "t-test over test groups"
    assert [c.difference, c.p_value, *c.interval] == pytest.approx(r["loss.one_seed"], **EXACT)


def test_each_arms_own_interval(r, arms) -> None:
    rows = compared([arms["a"], arms["b"]], "accuracy").verdict.rows
    assert [end for row in rows for end in row.interval] == pytest.approx(r["accuracy.own"], **EXACT)


def test_ranks_within_groups(r, arms) -> None:
    found = compared(list(arms.values()), "accuracy")
    assert found.ranking is not None
    assert found.ranking.average_ranks == pytest.approx(r["ranks"], **EXACT)
    by = {(each.method, each.about): each for each in found.overall}
    friedman, f = by[Method.FRIEDMAN, ()], by[Method.IMAN_DAVENPORT, ()]
    assert (friedman.statistic, friedman.p_value) == pytest.approx(r["friedman"], **EXACT)
    assert (f.statistic, f.p_value) == pytest.approx(r["iman_davenport"], **EXACT)
    pairs = [by[Method.NEMENYI, pair].p_value for pair in (("a", "b"), ("a", "c"), ("b", "c"))]
    assert pairs == pytest.approx(r["nemenyi"], rel=1e-7, abs=1e-8)  # both integrate numerically
    (effect,) = [each for each in found.pairs[0].effects if each.name.startswith("rank-biserial")]
    assert effect.value == pytest.approx(r["rank_biserial"][0], **EXACT)


def test_mcnemar_and_the_seeds_pooled(r, arms) -> None:
    found = compared([arms["a"], arms["b"]], "accuracy")
    ours = [finding(found, Method.MCNEMAR_EXACT, scope=f"seed {seed}").p_value for seed in SEEDS]
    assert ours == pytest.approx(r["mcnemar"], **EXACT)
    b, c = np.array(r["seeds.counts"]).reshape(2, 3)
    pools = pool(list((b - c) / 130), list(difference_variances(b, c, 130)))
    assert pools is not None
    assert [pools.fixed.mean, pools.fixed.standard_error] == pytest.approx(r["seeds.fixed"], **EXACT)
    random = [pools.random.mean, pools.random.standard_error, pools.tau2]
    assert random == pytest.approx(r["seeds.random"], **EXACT)
    hk = pools.hartung_knapp
    ours = [hk.mean, hk.standard_error, hk.p_value, *hk.interval]
    assert ours == pytest.approx(r["seeds.hartung_knapp"], **EXACT)


def test_the_worst_of_all_tables_that_fit_the_counts(r) -> None:
    cases = ((30, 31, 32), (380, 420, 500), (38_000, 38_200, 50_000), (990, 960, 1000))
    for (first, second, examples), expected in zip(cases, r["unknown"], strict=True):
        counts = Counts("accuracy", examples, {"a": (first,), "b": (second,)}, (CountPair("a", "b", None),))
        assert compare_counts(counts).pairs[0].comparison.p_value == pytest.approx(expected, **EXACT)
