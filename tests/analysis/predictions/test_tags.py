"""Several labels a clip: the task's own scores, and every group left out as if it had never been there."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from analysis.predictions import left_out
from analysis.predictions.metrics import METRICS
from analysis.predictions.pseudovalues import pseudovalues
from analysis.predictions.tags import TAG_METRICS, are_tags, metric_of
from trainables.records import Predictions
from trainables.tasks.multilabel import MultiLabel


def answers(clips: int, stream: int = 0, labels: int = 3) -> Predictions:
    rng = np.random.default_rng(stream)
    targets = (rng.random((clips, labels)) < 0.4).astype(float)
    shares = 1 / (1 + np.exp(-(2 * targets - 1 + 2 * rng.standard_normal((clips, labels)))))
    ids = [f"e{i}" for i in range(clips)]
    return Predictions(ids, [f"g{i // 3}" for i in range(clips)], ["-"] * clips, list(targets), list(shares))


@pytest.mark.parametrize("thresholds", [None, [[0.2, 0.7, 0.4]] * 60])
@pytest.mark.parametrize("name", TAG_METRICS)
def test_each_is_what_the_task_scores_and_so_are_its_pseudovalues(name: str, thresholds: list | None) -> None:
    run, task = replace(answers(60), thresholds=thresholds), MultiLabel(labels=("a", "b", "c"))
    assert name != "macro_f1" or (thresholds is None) == (task.score(run) == task.score(answers(60)))
    assert TAG_METRICS[name](run) == pytest.approx(task.score(run)[name], abs=1e-12)
    slow = pseudovalues(run, lambda part: task.score(part)[name])
    np.testing.assert_allclose(pseudovalues(run, TAG_METRICS[name]), slow, atol=1e-9)


@pytest.mark.parametrize("large", [3, 64])
@pytest.mark.parametrize("decimals", [1, 9])  # ties, and none
def test_areas_without_a_group_are_scikit_learns(large: int, decimals: int, monkeypatch) -> None:
    monkeypatch.setattr(left_out, "LARGE", large)
    for stream in range(4):
        rng = np.random.default_rng(stream)
        rows = int(rng.integers(3, 30))
        _, numbers = np.unique(rng.integers(0, rng.integers(2, rows + 1), rows), return_inverse=True)
        labels, scores = (rng.random(rows) < 0.4).astype(float), np.round(rng.random(rows), decimals)
        for area, whole in ((left_out.average_precision, average_precision_score), (left_out.roc_area, roc_auc_score)):
            found = area(labels, scores, numbers, numbers.max() + 1)
            for group in range(-1, numbers.max() + 1):
                kept = numbers != group
                told = labels[kept].any() and not (whole is roc_auc_score and labels[kept].all())
                expected = whole(labels[kept], scores[kept]) if told else np.nan
                assert found[group + 1] == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_lists_of_0_and_1_beside_probabilities_are_tags() -> None:
    run = answers(9)
    assert are_tags([run])
    assert not are_tags([replace(run, targets=[t + 0.5 for t in run.targets])])
    assert not are_tags([replace(run, outputs=[3 * o for o in run.outputs])])
    assert not are_tags([replace(run, targets=["a"] * 9)])
    assert metric_of("map", [run]) is TAG_METRICS["map"]
    ratings = replace(run, targets=[t + 0.5 for t in run.targets])
    assert metric_of("mae", [ratings]) is METRICS["mae"]
    assert metric_of("loss", [ratings]) is None
