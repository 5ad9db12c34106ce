"""What must hold whatever the data: an arm is no better than itself, and names, order and files change nothing."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.compare import pair_tests
from analysis.compare.comparison import Compared, compare_sources
from analysis.compare.sources import Source, find_source
from analysis.predictions.metrics import AREAS
from analysis.predictions.tags import TAG_METRICS, OrderMetric
from analysis.stats.finding import RESAMPLED, Method
from trainables.records import Predictions

QUICK = settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
ONE_SIDED = (Method.EQUIVALENT, Method.NO_WORSE)  # small p-values are what equal arms should have
NUMBERS = ("mae", "mse", "rmse", "pearson", "ccc", "r2")
FURTHER = ("balanced_accuracy", "brier", "ece", "mse", "rmse", "ccc", "r2", "cer", *AREAS)
AREAS_OF_TAGS = [name for name, metric in TAG_METRICS.items() if isinstance(metric, OrderMetric)]
RESAMPLES = 300  # none of these properties is about how many


@pytest.fixture(autouse=True, scope="module")
def few_resamples() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("crossed_bootstrap", "paired_bootstrap"):
            patch.setattr(pair_tests, name, partial(getattr(pair_tests, name), resamples=RESAMPLES))
        patch.setattr(pair_tests, "permutation", partial(pair_tests.permutation, exchanges=RESAMPLES))
        yield


designs = st.fixed_dictionaries(
    {
        "number": st.integers(0, 10_000),
        "seeds": st.sampled_from([1, 2, 3, 7]),
        "groups": st.sampled_from([8, 21, 60]),
        "metric": st.sampled_from(["accuracy", "macro_f1", "loss", "mae", "pearson", "wer"]),
    }
)


def source(name: str, design: dict, stream: int) -> Source:
    """An arm of the design: labels with scores, numbers or transcripts."""
    rng = np.random.default_rng([design["number"], stream])
    truth = np.random.default_rng(design["number"])
    count = design["groups"] * 2
    groups = [f"g{i // 2}" for i in range(count)]
    ids = [f"e{i}" for i in range(count)]
    runs = {}
    for seed in range(1, design["seeds"] + 1):
        shared = {"example_ids": ids, "groups": groups, "folds": ["-"] * count}
        if design["metric"] in NUMBERS:
            target = truth_values(truth, count) if seed == 1 else runs[1].targets
            output = list(np.asarray(target) + rng.standard_normal(count))
            runs[seed] = Predictions(**shared, targets=list(target), outputs=output)
        elif design["metric"] in ("wer", "cer"):
            target = [f"one two three w{i}" for i in range(count)]
            output = [" ".join("x" if rng.random() < 0.3 else w for w in text.split()) for text in target]
            runs[seed] = Predictions(**shared, targets=target, outputs=output)
        elif design["metric"] in AREAS_OF_TAGS:
            truths = np.array([[i % 2, i % 3 == 0] for i in range(count)], dtype=float)
            shares = 1 / (1 + np.exp(1 - 2 * truths - 2 * rng.standard_normal((count, 2))))
            runs[seed] = Predictions(**shared, targets=list(truths), outputs=list(shares))
        else:
            target = [("a", "b")[i % 2] for i in range(count)]
            scores = rng.standard_normal((count, 2))
            scores[np.arange(count), np.arange(count) % 2] += 1.0
            output = [("a", "b")[i] for i in scores.argmax(axis=1)]
            runs[seed] = Predictions(**shared, targets=target, outputs=output, scores=scores, classes=("a", "b"))
    return Source(name, runs)


def truth_values(rng: np.random.Generator, count: int) -> list[float]:
    return list(rng.standard_normal(count))


def compared(design: dict, *sources: Source) -> Compared:
    rng = np.random.Generator(np.random.SFC64(0))
    return compare_sources(sources, metric_name=design["metric"], margin=0.1, rng=rng)


def changed(arm: Source, change) -> Source:
    return replace(arm, runs={seed: change(run) for seed, run in arm.runs.items()})


def told(found: Compared) -> dict:
    """Everything with a number, by test and part, but what is drawn."""
    pair = found.pairs[0]
    tests = {
        (t.method, t.scope, t.about): (t.p_value, t.estimate, t.interval)
        for t in pair.findings
        if t.method not in RESAMPLED  # whose draws follow the order of the rows
    }
    return {"sentence": found.sentence(), "difference": pair.comparison.difference, **tests}


def close(a, b) -> bool:
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(close(x, y) for x, y in zip(a, b, strict=True))
    return a == b or (isinstance(a, float) and b == pytest.approx(a, rel=1e-6, abs=1e-9))


def same(a: dict, b: dict) -> None:
    assert a.keys() == b.keys()
    for key, value in a.items():
        assert close(value, b[key]), (key, value, b[key])


@QUICK
@given(designs)
def test_an_arm_is_no_better_than_itself(design: dict) -> None:
    arm = source("a", design, 1)
    found = compared(design, arm, replace(arm, name="b"))
    assert found.verdict.winner is None
    assert found.pairs[0].comparison.difference == 0.0
    for test in found.pairs[0].findings:
        if test.method not in ONE_SIDED:
            assert test.p_value is None or test.p_value > 0.05, test
        assert test.interval is None or test.interval[0] <= 0.0 <= test.interval[1], test
    three = compared(design, arm, replace(arm, name="b"), replace(arm, name="c"))
    assert three.verdict.winner is None
    assert all(test.p_value is None or test.p_value > 0.05 for test in three.overall)


@QUICK
@given(designs)
def test_swapping_the_arms_turns_signs_and_nothing_else(design: dict) -> None:
    a, b = source("a", design, 1), source("b", design, 2)
    there, back = compared(design, a, b).pairs[0], compared(design, b, a).pairs[0]
    assert there.comparison.difference == pytest.approx(-back.comparison.difference, abs=1e-12)
    for one, other in zip(there.findings, back.findings, strict=True):
        assert one.method == other.method
        if one.method in RESAMPLED or one.method is Method.NO_WORSE:
            continue
        assert close(one.p_value, other.p_value), (one, other)
        assert (one.estimate is None) == (other.estimate is None)
        if one.estimate is not None:
            assert one.estimate == pytest.approx(-other.estimate, abs=1e-9)
        if one.interval is not None:
            assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]), rel=1e-6, abs=1e-9)


@QUICK
@given(designs, st.randoms(use_true_random=False))
def test_names_of_groups_order_of_rows_and_a_constant_in_the_scores_change_nothing(design: dict, chance) -> None:
    a, b = source("a", design, 1), source("b", design, 2)
    plain = told(compared(design, a, b))
    names = [f"h{i}" for i in range(design["groups"])]
    chance.shuffle(names)
    renamed = [changed(arm, lambda run: replace(run, groups=[names[int(g[1:])] for g in run.groups])) for arm in (a, b)]
    same(plain, told(compared(design, *renamed)))
    order = list(range(design["groups"] * 2))
    chance.shuffle(order)
    same(plain, told(compared(design, changed(a, lambda run: run.take(np.array(order))), b)))
    same(plain, told(compared(design, *(changed(arm, lambda run: run.take(np.array(order))) for arm in (a, b)))))
    if a.runs[1].scores is not None:
        shifted = [changed(arm, lambda run: replace(run, scores=run.scores + 3.0)) for arm in (a, b)]
        same(plain, told(compared(design, *shifted)))


@pytest.mark.parametrize("metric", FURTHER)
def test_so_it_is_for_every_metric(metric: str) -> None:
    design = {"number": 11, "seeds": 2, "groups": 8, "metric": metric}
    a, b = source("a", design, 1), source("b", design, 2)
    itself = compared(design, a, replace(a, name="b"))
    assert itself.verdict.winner is None
    assert all(t.p_value is None or t.p_value > 0.05 for t in itself.pairs[0].findings if t.method not in ONE_SIDED)
    found, back = compared(design, a, b), compared(design, b, a)
    there, turned = found.pairs[0].comparison, back.pairs[0].comparison
    assert close((there.difference, *there.interval), (-turned.difference, -turned.interval[1], -turned.interval[0]))
    assert close(there.p_value, turned.p_value)
    rows = np.random.default_rng(0).permutation(16)
    names = [f"h{(3 * i + 1) % 8}" for i in range(8)]
    other = [
        changed(arm, lambda run: replace(run.take(rows), groups=[names[int(run.groups[r][1:])] for r in rows]))
        for arm in (a, b)
    ]
    same(told(found), told(compared(design, *other)))


def test_equal_arms_claim_in_a_twentieth_of_draws() -> None:
    """A quick cell: 2,000 draws of two equal arms, 3 seeds, 24 clips in groups of 1, groups that matter."""
    from analysis.verdict.arms import Arm, Design
    from analysis.verdict.comparison import contrast

    rng = np.random.default_rng(0)
    design, draws, claims = Design("accuracy", 24, 24, 24, ()), 2000, 0
    for _ in range(draws):
        clip = rng.standard_normal(24)
        arms = []
        for name in "ab":
            taste = 0.7 * rng.standard_normal(24)
            right = rng.random((3, 24)) < 1 / (1 + np.exp(-(1.0 + clip + taste)))
            scores = right.astype(float)
            values = {seed: float(row.mean()) for seed, row in enumerate(scores)}
            arms.append(Arm(name, values, scores, scores, right))
        claims += contrast(design, *arms).significant
    assert claims / draws <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)


def together(found: Compared) -> dict:
    """What is said of three arms together; Nemenyi's signs belong to the order of its two."""
    return {
        (t.method, t.scope if not t.about else "", tuple(sorted(t.about))): (t.p_value, t.statistic)
        for t in found.overall
    }


@QUICK
@given(designs, st.permutations(range(3)))
def test_the_order_of_three_arms_and_of_their_rows_changes_nothing(design: dict, order: list[int]) -> None:
    arms = [source(name, design, stream) for stream, name in enumerate("abc")]
    plain = compared(design, *arms)
    turned = compared(design, *(arms[place] for place in order))
    same(together(plain), together(turned))
    assert plain.verdict.winner == turned.verdict.winner
    by_pair = {frozenset((p.comparison.first, p.comparison.second)): p.comparison for p in turned.pairs}
    for pair in plain.pairs:
        c = pair.comparison
        other = by_pair[frozenset((c.first, c.second))]
        assert close(c.adjusted_p_value, other.adjusted_p_value)
        assert c.difference == pytest.approx(other.seen_from(c.first).difference, abs=1e-12)
    rows = np.random.default_rng(design["number"]).permutation(design["groups"] * 2)
    same(together(plain), together(compared(design, *(changed(arm, lambda run: run.take(rows)) for arm in arms))))


@QUICK
@given(designs)
def test_no_two_findings_of_a_pair_have_one_identity(design: dict) -> None:
    two = compared(design, source("a", design, 1), source("b", design, 2))
    three = compared(design, *(source(name, design, stream) for stream, name in enumerate("abc")))
    for findings in (*(pair.findings for pair in (*two.pairs, *three.pairs)), three.overall):
        identities = [(each.method, each.scope, each.about) for each in findings]
        assert len(set(identities)) == len(identities)


def test_a_constant_on_both_sides_changes_no_test_of_numbers() -> None:
    """Errors do not change, nor do correlations."""
    for metric in ("mae", "pearson"):
        design = {"number": 3, "seeds": 3, "groups": 21, "metric": metric}
        arms = source("a", design, 1), source("b", design, 2)
        raised = [
            changed(
                arm,
                lambda run: replace(
                    run, targets=[t + 7.0 for t in run.targets], outputs=[o + 7.0 for o in run.outputs]
                ),
            )
            for arm in arms
        ]
        same(told(compared(design, *arms)), told(compared(design, *raised)))


def test_files_in_parts_say_what_they_say_together(tmp_path) -> None:
    design = {"number": 5, "seeds": 3, "groups": 8, "metric": "accuracy"}
    arms = []
    for stream, name in enumerate("ab"):
        whole = source(name, design, stream)
        lines = [
            f"{i},{g},{t},{o},{seed}"
            for seed, run in whole.runs.items()
            for i, g, t, o in zip(run.example_ids, run.groups, run.targets, run.outputs, strict=True)
        ]
        parts = {f"{name}.csv": lines, f"{name}1.csv": lines[:20], f"{name}2.csv": lines[20:]}
        for file, own in parts.items():
            (tmp_path / file).write_text("\n".join(["example_id,group,target,output,seed", *own]) + "\n")
        arms.append([f"{name}={tmp_path}/{name}.csv", f"{name}={tmp_path}/{name}1.csv,{tmp_path}/{name}2.csv"])
    whole, divided = ([find_source(words[which], None)[0] for words in arms] for which in (0, 1))
    same(told(compared(design, *whole)), told(compared(design, *divided)))
