"""What the report says of classes: all of a few, of many the lowest, the highest and the largest confusions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from analysis.report.classes import (
    HIGHEST,
    LOWEST,
    MOST_CONFUSIONS,
    certainty,
    clips_of_classes,
    confusions,
    per_class,
    rates,
    share_interval,
)
from analysis.report.document import Matrix, Pictures, Table, Text
from analysis.report.numbers import value
from trainables.records import NO_FOLD, Predictions
from trainables.tasks.certainty import BINS, brier_score, expected_calibration_error, reliability

CLIPS = 6  # of a class


def answers(classes: int, *, missing: int = 0) -> Predictions:
    """Of class number n the first `n % 7` clips are answered as the class after it."""
    names = tuple(f"class {index:03d}" for index in range(classes))
    told = [(index, clip) for index in range(classes - missing) for clip in range(CLIPS)]
    outputs = [names[(index + (clip < index % 7)) % classes] for index, clip in told]
    scores = np.array([[float(name == output) for name in names] for output in outputs])
    return Predictions(
        example_ids=[f"{index}-{clip}" for index, clip in told],
        groups=[f"{index}-{clip}" for index, clip in told],
        folds=[NO_FOLD] * len(told),
        targets=[names[index] for index, _ in told],
        outputs=outputs,
        scores=scores,
        classes=names,
    )


def test_a_few_classes_have_a_matrix() -> None:
    matrix = confusions("finalist 1", {1: answers(3), 2: answers(3)})
    assert isinstance(matrix, Matrix)
    assert matrix.classes == ("class 000", "class 001", "class 002")
    assert matrix.counts == [[6.0, 0.0, 0.0], [0.0, 5.0, 1.0], [2.0, 0.0, 4.0]]
    assert [row[1:] for row in matrix.as_table().rows] == [("6", "·", "·"), ("·", "5", "1"), ("2", "·", "4")]


def test_precision_recall_and_f1_are_those_of_scikit_learn() -> None:
    """Over two runs, the mean of each run's own."""
    from sklearn.metrics import precision_recall_fscore_support

    runs = {1: answers(7), 2: answers(7, missing=1)}
    for label in ("class 000", "class 003", "class 005"):
        wanted = [
            precision_recall_fscore_support(run.targets, run.outputs, labels=[label], zero_division=np.nan)[:3]
            for run in runs.values()
        ]
        assert rates(label, runs) == pytest.approx(np.mean(np.squeeze(wanted), axis=0).tolist())
    assert rates("class 006", {1: answers(7, missing=1)})[1] is None  # it has no clip there


def test_an_interval_of_shares_has_room_between_minus_1_and_1() -> None:
    assert share_interval((-0.25, 0.1)) == ("-0.250 to +0.100", False)
    assert share_interval((-1.2, 0.1)) == ("-1.000 to +0.100", True)
    assert share_interval((-2.5, 2.3)) == ("too few seeds to say", False)
    assert share_interval(None) == ("cannot tell", False)


@pytest.mark.parametrize("classes", [13, 100, 527])
def test_of_many_classes_the_largest_confusions_come_first(classes: int) -> None:
    table = confusions("finalist 1", {1: answers(classes)})
    assert table.header == ("is", "answered", "clips", "share of the class")
    assert len(table.rows) <= MOST_CONFUSIONS
    assert table.rows[0] == ("class 006", "class 007", "6.0", "100%")
    counts = [float(row[2]) for row in table.rows]
    assert counts == sorted(counts, reverse=True)
    wrong = sum(index % 7 for index in range(classes))
    assert f"{wrong:.1f} of {classes * CLIPS} clips are answered wrong" in table.caption


def test_up_to_forty_classes_have_a_row_each() -> None:
    _, table, *_ = per_class("finalist 1", {1: answers(40)}, {1: answers(40)})
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == [f"class {index:03d}" for index in range(40)]


def test_of_more_classes_the_lowest_and_the_highest_have_a_row() -> None:
    _, table, *_ = per_class("finalist 1", {1: answers(100)}, {1: answers(100)})
    assert isinstance(table, Table)
    assert len(table.rows) == LOWEST + HIGHEST
    shares = [float(row[4]) for row in table.rows]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert table.caption.startswith("Of 100 classes the 15 with the lowest recall and the 5 with the highest.")


def test_classes_without_a_test_clip_are_one_warning() -> None:
    few, warning = clips_of_classes(answers(3, missing=1))
    assert isinstance(few, Table)
    assert few.rows[-1] == ("class 002", "0", "0")
    assert warning == Text("No test clip of class class 002.", "warning")
    many, warning = clips_of_classes(answers(527, missing=20))
    assert many == Text("527 classes of 0 to 6 test clips, 6 in the middle.")
    assert clips_of_classes(answers(100)) == [Text("100 classes of 6 test clips each.")]
    assert isinstance(warning, Text)
    assert warning.text.startswith("No test clip of 20 classes: class 507, class 508")
    assert warning.text.endswith("class 516 and 10 more.")


def test_certainty_is_scikit_learns_curve_and_said_for_every_arm() -> None:
    rng = np.random.default_rng(0)
    shares = rng.dirichlet([1.0, 1.0], size=200)
    names = ("no", "yes")
    run = Predictions(
        [str(clip) for clip in range(200)],
        [str(clip) for clip in range(200)],
        [NO_FOLD] * 200,
        [names[int(each)] for each in rng.random(200) < 0.5],
        [names[int(each)] for each in shares.argmax(axis=1)],
        shares,
        names,
    )
    wanted = np.array([names.index(target) for target in run.targets])
    right, certain = calibration_curve(shares.argmax(axis=1) == wanted, shares.max(axis=1), n_bins=BINS)
    found = reliability(wanted, shares)
    np.testing.assert_allclose([each[:2] for each in found], np.column_stack([certain, right]))
    assert sum(count for *_, count in found) == 200

    _, table, pictures = certainty([("finalist 1", {1: run, 2: run}), ("baseline", {1: run})])
    assert isinstance(table, Table)
    ece, brier = expected_calibration_error(wanted, shares), brier_score(wanted, shares)
    assert [row[0] for row in table.rows] == ["finalist 1", "baseline"]
    assert table.rows[0][3:] == table.rows[1][3:] == (value(ece), value(brier))
    assert isinstance(pictures, Pictures)
    assert "finalist 1" in pictures.pictures[0].svg


def test_without_probabilities_nothing_is_said_of_certainty() -> None:
    assert certainty([("finalist 1", {1: replace(answers(3), scores=None)})]) == []
    assert certainty([]) == []
