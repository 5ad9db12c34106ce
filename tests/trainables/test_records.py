"""What a run leaves behind comes back from its file as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trainables.records import Predictions, further_name, further_split, has_silence, of_look

LABELLED = Predictions(
    ["x", "y"], ["g", "h"], ["-", "1"], ["bell", "drum"], ["bell", "bell"], np.array([[0.1, -2.0], [1.0, 0.5]]),
    ("bell", "drum"),
)  # fmt: skip
WRITTEN = replace(LABELLED, targets=["a b", "c"], outputs=["a", ""], scores=None, classes=())


TIMED = replace(WRITTEN, targets=["a b", ""], seconds=[1.5, 2.0])


TAGGED = replace(WRITTEN, targets=[[1.0, 0.0], [0.0, 0.0]], outputs=[[0.9, 0.2], [0.4, 0.3]],
                 thresholds=[[0.3, 0.25], [0.3, 0.25]])  # fmt: skip


@pytest.mark.parametrize(
    "predictions", [LABELLED, WRITTEN, TIMED, TAGGED], ids=["labels", "texts", "silence", "thresholds"]
)
def test_predictions_come_back_from_parquet(predictions: Predictions, tmp_path: Path) -> None:
    predictions.write_parquet(tmp_path / "deep" / "test.parquet")
    found = Predictions.read_parquet(tmp_path / "deep" / "test.parquet")
    np.testing.assert_array_equal(found.scores, predictions.scores)
    assert replace(found, scores=None) == replace(predictions, scores=None)


def test_parts_are_joined_in_order() -> None:
    whole = Predictions.joined([LABELLED, LABELLED])
    assert (len(whole), whole.example_ids, whole.classes) == (4, ["x", "y", "x", "y"], LABELLED.classes)
    assert whole.scores is not None
    assert whole.scores.shape == (4, 2)
    assert Predictions.joined([WRITTEN, WRITTEN]).scores is None


def test_seconds_go_with_their_rows() -> None:
    assert TIMED.take(np.array([1, 0])).seconds == [2.0, 1.5]
    joined = Predictions.joined([TIMED, WRITTEN]).seconds
    assert joined is not None
    np.testing.assert_array_equal(joined, [1.5, 2.0, np.nan, np.nan])
    assert has_silence(TIMED.targets)
    assert not has_silence(WRITTEN.targets)
    assert not has_silence([np.zeros(2)])


def test_thresholds_go_with_their_rows() -> None:
    other = replace(TAGGED, thresholds=[[0.1, 0.2], [0.1, 0.2]])
    assert Predictions.joined([TAGGED, other]).thresholds == [*TAGGED.thresholds, *other.thresholds]  # type: ignore[misc]
    assert Predictions.joined([TAGGED, replace(TAGGED, thresholds=None)]).thresholds is None
    assert TAGGED.take(np.array([1])).thresholds == [[0.3, 0.25]]


def test_names_of_further_tests_and_looks() -> None:
    assert further_name(further_split("far")) == "far"
    assert [of_look("verdict.json", look) for look in (1, 2)] == ["verdict.json", "look-2/verdict.json"]
