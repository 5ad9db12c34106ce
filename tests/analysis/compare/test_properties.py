"""What must hold whatever the data: an arm is no better than itself, and names, order and files change nothing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.compare.comparison import Compared, compare_sources
from analysis.compare.sources import Source
from trainables.records import Predictions

QUICK = settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
NO_RESAMPLING = ("crossed bootstrap", "paired bootstrap", "permutation")  # their draws follow the order of the rows
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
        if design["metric"] in ("mae", "pearson"):
            target = truth_values(truth, count) if seed == 1 else runs[1].targets
            output = list(np.asarray(target) + rng.standard_normal(count))
            runs[seed] = Predictions(**shared, targets=list(target), outputs=output)
        elif design["metric"] == "wer":
            target = [f"one two three w{i}" for i in range(count)]
            output = [" ".join("x" if rng.random() < 0.3 else w for w in text.split()) for text in target]
            runs[seed] = Predictions(**shared, targets=target, outputs=output)
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
        (t.name, t.scope): (t.p_value, t.estimate, t.interval)
        for t in pair.findings
        if not t.name.startswith(NO_RESAMPLING)
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
        if "TOST" not in test.name and "no worse" not in test.name:
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
        if one.name.startswith(NO_RESAMPLING) or "no worse" in one.name:
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
