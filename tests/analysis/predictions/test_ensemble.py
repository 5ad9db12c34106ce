"""Several runs as one."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.special

from analysis.predictions.ensemble import ensemble
from trainables.errors import InputError
from trainables.records import Predictions


def scored(scores: list[list[float]]) -> Predictions:
    table = np.array(scores)
    n = len(table)
    outputs = [("no", "yes")[i] for i in table.argmax(axis=1)]
    return Predictions([f"e{i}" for i in range(n)], ["g"] * n, ["-"] * n, ["yes"] * n, outputs, table, ("no", "yes"))


def test_probabilities_are_averaged_not_votes() -> None:
    sure, unsure, other = scored([[0.0, 4.0]]), scored([[0.3, 0.0]]), scored([[0.3, 0.0]])
    together = ensemble([sure, unsure, other])
    mean = np.mean([scipy.special.softmax(run.scores, axis=1) for run in (sure, unsure, other)], axis=0)
    assert together.outputs == ["yes"]  # two of three said no
    np.testing.assert_allclose(np.exp(together.scores), mean)
    assert together.targets == sure.targets


def test_one_run_is_itself_and_order_does_not_matter() -> None:
    run = scored([[0.1, 0.4], [2.0, 1.0], [0.0, -1.0]])
    assert ensemble([run]).outputs == run.outputs
    turned = scored([[0.3, 0.1], [0.0, 1.0], [0.0, 2.0]]).take(np.array([2, 1, 0]))
    np.testing.assert_allclose(ensemble([run, turned]).scores, ensemble([run, turned.take(np.array([2, 1, 0]))]).scores)


def test_a_certain_zero_stays_finite() -> None:
    together = ensemble([scored([[0.0, 1.0]]), scored([[0.0, 1.0]])])
    assert np.isfinite(together.scores).all()


def test_numbers_are_averaged() -> None:
    ids, target = ["a", "b"], [np.array([1.0, 2.0]), np.array([3.0, 4.0])]
    runs = [Predictions(ids, ids, ["-"] * 2, target, [t + shift for t in target]) for shift in (0.5, -0.5, 0.3)]
    np.testing.assert_allclose(ensemble(runs).outputs, np.array(target) + 0.1)


def test_thresholds_of_several_labels_are_averaged_where_all_runs_chose_some() -> None:
    tagged = Predictions(["a", "b"], ["a", "b"], ["-"] * 2, [[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.1], [0.2, 0.3]])
    one = replace(tagged, thresholds=[[0.2, 0.4]] * 2)
    other = replace(tagged, thresholds=[[0.4, 0.6]] * 2)
    np.testing.assert_allclose(ensemble([one, other]).thresholds, [[0.3, 0.5]] * 2)  # type: ignore[arg-type]
    assert ensemble([one, tagged]).thresholds is None


def test_what_cannot_be_averaged_is_refused() -> None:
    ids = ["a", "b"]
    texts = Predictions(ids, ids, ["-"] * 2, ["x y", "z"], ["x", "z"])
    with pytest.raises(InputError, match="texts cannot be averaged"):
        ensemble([texts, texts])
    run = scored([[0.1, 0.4], [2.0, 1.0]])
    with pytest.raises(InputError, match="score columns in every run"):
        ensemble([run, replace(run, scores=None)])
    with pytest.raises(InputError, match="no predictions"):
        ensemble([])
    with pytest.raises(InputError, match="not tested on the same examples"):
        ensemble([run, run.take(np.array([0]))])
