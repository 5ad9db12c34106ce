"""The lookup that hears nothing: what it knows of a segment and a performer, and what it cannot know."""

import numpy as np
import pytest

from benchmarks.percepiano import lookup, mean_r


def rows_of(performers: int, segments: int) -> list[dict]:
    return [
        {"piece": "op1", "bars": 8, "segment": segment, "performer": f"p{performer}"}
        for segment in range(segments)
        for performer in range(performers)
    ]


def test_a_rating_of_segment_plus_performer_is_known_without_listening() -> None:
    rows, rng = rows_of(6, 10), np.random.default_rng(0)
    segment, performer = rng.normal(size=(10, 2)), rng.normal(size=(6, 2))
    performer -= performer.mean(axis=0)
    ratings = np.array([segment[row["segment"]] + performer[int(row["performer"][1:])] for row in rows])
    test = np.arange(0, 60, 7)  # each of another segment and performer
    training = np.setdiff1d(np.arange(60), test)
    said = lookup(rows, ratings, training, test)
    assert np.corrcoef(said.ravel(), ratings[test].ravel())[0, 1] > 0.95


def test_of_music_and_people_that_training_lacks_it_says_the_mean() -> None:
    rows = rows_of(2, 4)
    ratings = np.arange(8.0)[:, None]
    rows[7] = {**rows[7], "segment": 9, "performer": "nobody"}
    assert lookup(rows, ratings, np.arange(6), np.array([7])) == pytest.approx(np.array([[2.5]]))


def test_r_is_the_mean_over_folds_and_ratings() -> None:
    ratings = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    folds = [(np.array([2, 3]), np.array([0, 1])), (np.array([0, 1]), np.array([2, 3]))]
    assert mean_r(lambda training, test: ratings[test] * [1.0, -1.0], ratings, folds) == pytest.approx(0.0)
    assert mean_r(lambda training, test: ratings[test], ratings, folds) == pytest.approx(1.0)
