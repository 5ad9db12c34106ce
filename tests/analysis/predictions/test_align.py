"""Predictions are brought to one order, or refused with the reason."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.predictions.align import aligned, effective_groups, groups_per_class
from trainables.errors import InputError
from trainables.records import Predictions


def test_every_run_gets_the_order_of_the_first(make) -> None:
    first = make([True, False, True, True, False])
    second = make([False, False, True, True, True])
    order = np.array([3, 0, 4, 2, 1])
    result = aligned({"a": first, "b": second.take(order)})
    assert result["b"].example_ids == first.example_ids
    assert result["b"].outputs == second.outputs
    np.testing.assert_array_equal(result["b"].scores, second.scores)
    assert result["a"] is not None
    assert result["a"].outputs == first.outputs


def test_regression_targets_in_arrays_travel_along() -> None:
    values = np.arange(12.0).reshape(6, 2)
    run = Predictions([f"e{i}" for i in range(6)], ["g"] * 6, ["-"] * 6, values, values + 1)
    other = run.take(np.array([5, 4, 3, 2, 1, 0]))
    np.testing.assert_array_equal(aligned({"a": run, "b": other})["b"].outputs, values + 1)


def problems_of(runs: dict[str, Predictions]) -> str:
    with pytest.raises(InputError) as caught:
        aligned(runs)
    return "\n".join(caught.value.problems)


def test_different_examples_are_refused_and_named(make) -> None:
    run = make([True] * 6)
    text = problems_of({"a": run, "b": run.take(np.array([0, 1, 2, 3]))})
    assert "b and a were not tested on the same examples" in text
    assert "2 only in a (clip4, clip5), 0 only in b" in text


def test_duplicate_ids_are_refused(make) -> None:
    run = make([True] * 4)
    assert "a has 1 example ids more than once (clip0)" in problems_of({"a": run.take(np.array([0, 0, 1, 2]))})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_scores_that_are_no_numbers_are_refused(make, value: float) -> None:
    run = make([True] * 4)
    assert run.scores is not None
    run.scores[2, 1] = value
    assert "a has scores that are NaN, infinite or missing, in 1 examples (clip2)" in problems_of({"a": run})


@pytest.mark.parametrize("outputs", [[1.0, float("nan"), 2.0], [[1.0, 2.0], [1.0, float("nan")], [0.0, 0.0]]])
def test_outputs_that_are_no_numbers_are_refused(outputs: list) -> None:
    run = Predictions(["a", "b", "c"], list("xyz"), ["-"] * 3, [0.0, 0.0, 0.0], outputs)
    assert "a has outputs that are NaN, infinite or missing, in 1 examples (b)" in problems_of({"a": run})


@pytest.mark.parametrize("outputs", [[1.0, -1e300, 2.0], np.array([[1.0, 2.0], [1.0, 1e200], [0.0, 0.0]])])
def test_outputs_whose_squares_are_no_numbers_are_refused(outputs: list | np.ndarray) -> None:
    run = Predictions(["a", "b", "c"], list("xyz"), ["-"] * 3, [0.0, 0.0, 0.0], outputs)
    assert "a has outputs beyond 1e+75, in 1 examples (b)" in problems_of({"a": run})


def test_other_targets_groups_or_classes_are_refused_together(make) -> None:
    run = make([True] * 4)
    other = replace(run, targets=["yes", *run.targets[1:]], groups=["x", *run.groups[1:]], classes=("yes", "no"))
    text = problems_of({"a": run, "b": other})
    assert "different targets for 1 examples (clip0)" in text
    assert "different groups for 1 examples (clip0)" in text
    assert "different classes" in text


def test_nothing_to_compare_is_said(make) -> None:
    assert "no predictions to compare" in problems_of({})
    assert "a has no predictions" in problems_of({"a": make([])})


def test_groups_are_counted_per_class(make) -> None:
    run = make([True] * 5, groups=["p", "p", "q", "q", "q"], targets=["yes", "no", "yes", "yes", "yes"])
    assert groups_per_class(run) == {"yes": 2, "no": 1}
    assert groups_per_class(replace(run, classes=("no", "yes", "maybe")))["maybe"] == 0
    assert groups_per_class(replace(run, classes=())) == {"all": 2}


def test_unequal_groups_weigh_like_fewer_equal_ones(make) -> None:
    """One speaker with half of 240 clips and 29 that share the rest: 1 / (0.25 + 29 / 58^2) = 3.87."""
    sizes = [116] + [4] * 29
    names = [f"g{i}" for i, size in enumerate(sizes) for _ in range(size)]
    run = make(np.ones(232, dtype=bool), groups=names)
    assert effective_groups(run) == pytest.approx(1 / (0.25 + 29 * (2 / 116) ** 2))
    assert effective_groups(replace(run, classes=(), scores=None)) == pytest.approx(3.867, abs=1e-3)
    assert effective_groups(make(np.ones(40, dtype=bool))) == 20  # of each class, in groups of one
    rare = make(np.ones(40, dtype=bool), targets=["yes"] * 7 + ["no"] * 33)
    assert effective_groups(rare) == 7
