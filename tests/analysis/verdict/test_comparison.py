"""Two configurations: which test the sample allows, what it then claims, and that it never says more.

Arms (arms.py) are made and refused here too, by `compare`, which makes them."""

import itertools
import json
from dataclasses import asdict

import numpy as np
import pytest
import scipy.stats

from analysis.predictions.align import correct
from analysis.stats.crossed import crossed, two_arms
from analysis.stats.paired_binary import Discordant
from analysis.verdict.comparison import compare
from trainables.errors import InputError
from trainables.records import Predictions


def accuracy(predictions: Predictions) -> float:
    return float(correct(predictions).mean())


def rights(accuracy_: float, seeds: int, examples: int, *, stream: int = 0) -> np.ndarray:
    """(S, N) with examples of different difficulty."""
    rng = np.random.default_rng([stream, seeds, examples])
    chance = np.clip(accuracy_ + 0.15 * rng.standard_normal(examples), 0.02, 0.98)
    return rng.random((seeds, examples)) < chance


def runs(make, right: np.ndarray, **options) -> dict[int, Predictions]:
    return {100 + row: make(values, **options) for row, values in enumerate(right)}


def test_many_clips_and_seeds_are_analysed_as_crossed(make) -> None:
    a, b = rights(0.9, 5, 60), rights(0.8, 5, 60, stream=1)
    result = compare(runs(make, a), runs(make, b), accuracy, metric_name="test/accuracy")
    expected = two_arms(a.astype(float), b.astype(float), share=True).at_most(29)  # 30 clips a class
    assert result.claim == "population"
    assert result.p_value == pytest.approx(expected.p_value, rel=1e-9)
    assert result.interval == pytest.approx(expected.interval, rel=1e-9)
    assert result.difference == pytest.approx(a.mean() - b.mean())
    assert result.warnings == ()
    assert result.groups == result.examples == 60
    for each, x, y in zip(result.discordant, a, b, strict=True):
        assert (each.only_first_right, each.only_second_right) == ((x & ~y).sum(), (y & ~x).sum())


def test_clips_of_one_group_are_one_observation(make) -> None:
    groups = [f"speaker{i // 3}" for i in range(90)]
    a, b = rights(0.9, 4, 90), rights(0.8, 4, 90, stream=1)
    result = compare(runs(make, a, groups=groups), runs(make, b, groups=groups), accuracy, metric_name="accuracy")
    by_group = (a.astype(float) - b).reshape(4, 30, 3).mean(axis=2)
    assert result.estimate is not None
    assert result.estimate.ms_group == pytest.approx(crossed(by_group).ms_group)
    assert (result.groups, result.examples) == (30, 90)


def test_a_metric_of_unknown_make_up_gives_what_the_known_one_gives(make) -> None:
    groups = [f"speaker{i // 4}" if i < 60 else f"late{i}" for i in range(80)]  # unequal groups
    a, b = runs(make, rights(0.9, 3, 80), groups=groups), runs(make, rights(0.8, 3, 80, stream=1), groups=groups)
    known = compare(a, b, accuracy, metric_name="test/accuracy")
    unknown = compare(a, b, accuracy, metric_name="something else")
    assert unknown.estimate is not None
    assert known.estimate is not None
    assert unknown.p_value == pytest.approx(known.p_value, rel=1e-9)
    assert unknown.estimate.mean == pytest.approx(known.difference, abs=1e-12)


def test_a_name_that_promises_a_mean_is_not_trusted(make) -> None:
    a, b = runs(make, rights(0.9, 3, 40)), runs(make, rights(0.8, 3, 40, stream=1))
    squared = compare(a, b, lambda p: accuracy(p) ** 2, metric_name="accuracy")
    assert squared.difference == pytest.approx(
        np.mean([accuracy(a[s]) ** 2 - accuracy(b[s]) ** 2 for s in a]), abs=1e-12
    )
    assert squared.estimate is not None
    assert squared.estimate.mean == pytest.approx(squared.difference, abs=1e-12)


@pytest.mark.parametrize("groups", [6, 13, 20])
def test_few_groups_limit_the_degrees_of_freedom(make, groups: int) -> None:
    names = [f"g{i % groups}" for i in range(groups * 8)]
    targets = [("no", "yes")[(i // groups) % 2] for i in range(groups * 8)]  # both classes in every group
    a, b = rights(0.9, 5, groups * 8), rights(0.5, 5, groups * 8, stream=1)
    a[:, : groups * 4] = True
    options = {"groups": names, "targets": targets}
    result = compare(runs(make, a, **options), runs(make, b, **options), accuracy, metric_name="accuracy")
    assert result.claim == "population"
    assert result.estimate is not None
    assert result.estimate.degrees_of_freedom <= groups - 1
    assert f"Only {groups} test groups in the smallest class" in result.warnings[0]


def test_twenty_one_groups_are_enough(make) -> None:
    options = {"targets": ["yes"] * 21 + ["no"] * 30}
    a, b = rights(0.9, 3, 51), rights(0.7, 3, 51, stream=1)
    assert compare(runs(make, a, **options), runs(make, b, **options), accuracy).warnings == ()


def test_a_class_with_five_groups_limits_the_claim_to_these_groups(make) -> None:
    options = {"targets": ["yes"] * 5 + ["no"] * 40}
    a, b = rights(0.9, 5, 45), rights(0.8, 5, 45, stream=1)
    result = compare(runs(make, a, **options), runs(make, b, **options), accuracy, metric_name="other")
    assert (result.claim, result.method) == ("groups", "t-test over seeds")
    assert "seeds are the only random factor" in result.warnings[0]
    assert result.p_value == pytest.approx(scipy.stats.ttest_1samp(a.mean(axis=1) - b.mean(axis=1), 0.0).pvalue)


def test_equal_seeds_are_no_certainty_where_the_clips_disagree(make) -> None:
    """Both seeds differ by one clip of 16, but by another one: the t-test over seeds alone would divide by zero."""
    a, b = np.ones((2, 16), dtype=bool), np.ones((2, 16), dtype=bool)
    b[0, 3] = b[1, 7] = False
    options = {"groups": ["one", "two"] * 8}
    result = compare(runs(make, a, **options), runs(make, b, **options), accuracy, metric_name="accuracy")
    assert result.claim == "groups"
    assert result.p_value is not None
    assert result.p_value > 0.05


def test_one_seed_is_mcnemar_about_these_models(make) -> None:
    """Attention only 30 of 32, attention and MLP 31 of 32: two clips only the one got right, one only the other."""
    a, b = np.ones((1, 32), dtype=bool), np.ones((1, 32), dtype=bool)
    a[0, 4] = False
    b[0, [10, 20]] = False
    result = compare(runs(make, a), runs(make, b), accuracy, metric_name="accuracy")
    assert (result.claim, result.method) == ("models", "exact McNemar test")
    assert result.p_value == 1.0
    assert result.discordant == (Discordant(100, 2, 1),)
    assert result.interval is not None
    assert result.difference == pytest.approx(1 / 32)
    assert result.interval[0] < 0 < result.difference < result.interval[1]
    assert "One seed only" in result.warnings[0]


def test_one_seed_with_clips_in_groups_is_tested_over_the_groups(make) -> None:
    groups = [f"speaker{i // 4}" for i in range(120)]
    a, b = rights(0.9, 1, 120), rights(0.7, 1, 120, stream=1)
    result = compare(runs(make, a, groups=groups), runs(make, b, groups=groups), accuracy, metric_name="accuracy")
    by_group = (a.astype(float) - b).reshape(30, 4).mean(axis=1)
    assert (result.claim, result.method) == ("models", "t-test over test groups")
    assert result.p_value == pytest.approx(scipy.stats.ttest_1samp(by_group, 0.0).pvalue)


def test_one_seed_few_groups_and_no_right_or_wrong_leave_nothing_to_test() -> None:
    rng = np.random.default_rng(0)
    target = rng.standard_normal((8, 1))
    common = ([f"e{i}" for i in range(8)], ["a", "b"] * 4, ["-"] * 8, target)
    a, b = (Predictions(*common, target + 0.1 * rng.standard_normal((8, 1))) for _ in range(2))
    error = lambda p: float(np.abs(p.targets - p.outputs).mean())  # noqa: E731
    result = compare({1: a}, {1: b}, error)
    assert result.p_value is None
    assert result.interval is None
    assert result.claim == "models_and_groups"
    assert not result.discordant


def test_regression_over_several_seeds_is_crossed() -> None:
    rng = np.random.default_rng(0)
    target = rng.standard_normal((40, 2))
    common = ([f"e{i}" for i in range(40)], [f"g{i}" for i in range(40)], ["-"] * 40, target)
    a = {s: Predictions(*common, target + 0.1 * rng.standard_normal((40, 2))) for s in range(3)}
    b = {s: Predictions(*common, target + 0.5 * rng.standard_normal((40, 2))) for s in range(3)}
    result = compare(a, b, lambda p: float(np.corrcoef(p.targets[:, 0], p.outputs[:, 0])[0, 1]))
    assert result.claim == "population"
    assert result.significant
    assert result.favours("max") == "finalist"
    assert result.favours("min") == "baseline"


def test_equal_predictions_cannot_be_told_apart(make) -> None:
    right = rights(0.8, 5, 40)
    for chosen in (right, right[:1]):
        result = compare(runs(make, chosen), runs(make, chosen), accuracy, metric_name="accuracy")
        assert result.p_value is None
        assert result.interval is None
        assert result.favours("max") is None
        assert any("nothing can be tested" in warning for warning in result.warnings)
    by_jackknife = compare(runs(make, right), runs(make, right), accuracy, metric_name="other")
    assert by_jackknife.p_value is None


def test_seeds_of_one_side_only_are_left_out_and_named(make) -> None:
    a, b = runs(make, rights(0.9, 4, 40)), runs(make, rights(0.8, 4, 40, stream=1))
    del b[101]
    result = compare(a, b, accuracy)
    assert result.seeds == (100, 102, 103)
    assert "Seeds 101 are missing on one side" in result.warnings[0]
    with pytest.raises(InputError, match="share no seed"):
        compare({1: a[100]}, {2: b[100]}, accuracy)


def test_a_class_without_examples_is_said(make) -> None:
    options = {"classes": ("no", "yes", "maybe")}
    a, b = rights(0.9, 3, 60), rights(0.8, 3, 60, stream=1)
    result = compare(runs(make, a, **options), runs(make, b, **options), accuracy)
    assert result.claim == "population"
    assert "No test example is of class maybe" in result.warnings[0]


def test_failed_arms_and_metrics_are_refused(make) -> None:
    good = runs(make, rights(0.9, 2, 20))
    with pytest.raises(InputError, match="baseline has no test predictions"):
        compare(good, {}, accuracy)
    with pytest.raises(InputError, match="finalist, seed 100 is nan"):
        compare(good, good, lambda p: float("nan"))


def test_seen_from_the_other_side(make) -> None:
    a, b = runs(make, rights(0.9, 3, 40)), runs(make, rights(0.7, 3, 40, stream=1))
    there = compare(a, b, accuracy, metric_name="accuracy")
    back = compare(b, a, accuracy, metric_name="accuracy", names=("baseline", "finalist"))
    turned = back.seen_from("finalist")
    assert turned.difference == pytest.approx(there.difference)
    assert turned.interval == pytest.approx(there.interval)
    assert turned.p_value == pytest.approx(there.p_value)
    assert turned.discordant == there.discordant
    assert turned.favours("max") == there.favours("max") == back.favours("max")


def test_names_of_examples_groups_and_classes_do_not_matter(make) -> None:
    a, b = rights(0.9, 3, 60), rights(0.8, 3, 60, stream=1)

    def renamed(run: Predictions, order: np.ndarray) -> Predictions:
        name = {"yes": "apple", "no": "zebra"}
        return Predictions(
            example_ids=[f"x{run.example_ids[i][::-1]}" for i in order],
            groups=[f"y{run.groups[i][::-1]}" for i in order],
            folds=["-"] * len(order),
            targets=[name[run.targets[i]] for i in order],
            outputs=[name[run.outputs[i]] for i in order],
            classes=("zebra", "apple"),
        )

    plain = compare(runs(make, a), runs(make, b), accuracy, metric_name="accuracy")
    rng = np.random.default_rng(3)
    first, second = (
        {seed: renamed(run, rng.permutation(60)) for seed, run in runs(make, right).items()} for right in (a, b)
    )
    other = compare(first, second, accuracy, metric_name="accuracy")
    assert other.p_value == pytest.approx(plain.p_value, rel=1e-9)
    assert other.discordant == plain.discordant


@pytest.mark.parametrize(("seeds", "groups"), [(1, 1), (1, 7), (2, 1), (2, 3), (2, 6), (3, 7)])
def test_tiny_samples_never_give_a_number_that_is_none(make, seeds: int, groups: int) -> None:
    """Every extreme that small designs can show: valid JSON, p-values in [0, 1], intervals around the difference."""
    rng = np.random.default_rng([seeds, groups])
    for level, other in itertools.product([0.0, 0.5, 1.0], repeat=2):
        options = {"groups": [f"g{i % groups}" for i in range(2 * groups)], "targets": ["yes"] * 2 * groups}
        a, b = (rng.random((seeds, 2 * groups)) < chance for chance in (level, other))
        for name in ("accuracy", "unknown"):
            result = compare(runs(make, a, **options), runs(make, b, **options), accuracy, metric_name=name)
            json.dumps(asdict(result), allow_nan=False)
            assert result.p_value is None or 0.0 <= result.p_value <= 1.0
            assert (result.p_value is None) == (result.interval is None)
            if result.interval is not None:
                assert result.interval[0] <= result.difference + 1e-12
                assert result.difference <= result.interval[1] + 1e-12
