"""Is the second training the same as the first: its smallest difference is found and measured."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.rerun.command import sentence
from sweeps.rerun.comparison import DIFFERENT, IDENTICAL, WITHIN, compare
from trainables.records import Predictions

CURVES = {("val/loss", 1): 0.5, ("val/loss", 2): 0.25, ("val/accuracy", 2): 0.75}


def answers(outputs: list[str], scores: Any = None) -> Predictions:
    ids = [f"clip-{row}" for row in range(len(outputs))]
    array = None if scores is None else np.asarray(scores)
    return Predictions(ids, ids, ["-"] * len(ids), ["A"] * len(ids), list(outputs), array, ("A", "B") if scores else ())


def compared(curves: Any = CURVES, test: Predictions | None = None, facts: Any = None, tolerance: float = 0.01) -> Any:
    before = {"test": answers(["A", "B", "A", "A"])}
    after = before if test is None else {"test": test}
    return compare(CURVES, curves, before, after, {"adapter_params": "12"}, facts or {}, tolerance=tolerance)


def test_the_same_is_identical() -> None:
    found = compared(facts={"adapter_params": "12"})
    assert (found.outcome, found.compared, found.deviations) == (IDENTICAL, 7, ())
    nan = {("loss", 1): math.nan}
    assert compare(nan, dict(nan), {}, {}, {}, {}, tolerance=0).outcome == IDENTICAL


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(CURVES)), st.floats(-1e6, 1e6), st.floats(0, 1))
def test_one_changed_value_is_found_and_measured(key: tuple[str, int], value: float, tolerance: float) -> None:
    found = compared({**CURVES, key: value}, tolerance=tolerance)
    distance = abs(value - CURVES[key]) / max(1, abs(CURVES[key]))
    assert found.distance == distance
    assert found.outcome == (IDENTICAL if value == CURVES[key] else WITHIN if distance <= tolerance else DIFFERENT)


def test_the_last_bit_is_not_overlooked() -> None:
    found = compared({**CURVES, ("val/loss", 2): math.nextafter(0.25, 1)})
    assert found.outcome == WITHIN
    assert 0 < found.distance < 1e-15


@pytest.mark.parametrize(
    ("curves", "test", "facts"),
    [
        ({key: CURVES[key] for key in list(CURVES)[:2]}, None, None),  # a metric is lacking
        ({**CURVES, ("val/loss", 3): 0.1}, None, None),  # an epoch too many
        ({**CURVES, ("val/loss", 2): math.nan}, None, None),
        (CURVES, answers(["A", "B", "A"]), None),  # a clip is lacking
        (CURVES, None, {"adapter_params": "13"}),
    ],
)
def test_what_has_no_distance_is_different_at_any_tolerance(curves: Any, test: Any, facts: Any) -> None:
    found = compared(curves, test, facts, tolerance=1e9)
    assert (found.outcome, found.distance) == (DIFFERENT, math.inf)
    assert "different" in sentence(found)


def test_answers_are_matched_by_clip_and_the_share_that_differs_counts() -> None:
    shuffled = answers(["A", "B", "A", "A"])
    shuffled.example_ids[:], shuffled.outputs[:] = shuffled.example_ids[::-1], shuffled.outputs[::-1]
    assert compared(test=shuffled).outcome == IDENTICAL
    one = compared(test=answers(["A", "B", "B", "A"]))
    assert (one.outcome, one.distance) == (DIFFERENT, 0.25)
    assert compared(test=answers(["A", "B", "B", "A"]), tolerance=0.25).outcome == WITHIN


def test_scores_and_numbers_are_measured() -> None:
    before = {"test": answers(["A", "A"], [[-1.0, 0.0], [0.0, -math.inf]])}
    after = {"test": answers(["A", "A"], [[-1.5, 0.0], [0.0, -math.inf]])}
    assert compare({}, {}, before, after, {}, {}, tolerance=0.1).distance == 0.5
    numbers = [replace(answers(["", ""]), outputs=[np.array([1.0, 2.0]), np.array([3.0, y])]) for y in (4.0, 4.4)]
    found = compare({}, {}, {"test": numbers[0]}, {"test": numbers[1]}, {}, {}, tolerance=0.1)
    assert found.distance == pytest.approx(0.1)
    assert compare({}, {}, {"test": numbers[0]}, {"test": numbers[0]}, {}, {}, tolerance=0).outcome == IDENTICAL
