"""Several labels a clip: targets (N, C) of 0 or 1, outputs (N, C) that are the labels' probabilities. Each metric is
what `trainables.tasks.multilabel` scores.

Areas of clips that have one class each are here too, class against class.

macro F1 and the loss are functions of sums over clips. Areas under curves need the order of all clips: they are
computed with every test group left out in turn, which the verdict rests on, and cannot be drawn again as sums.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.predictions.left_out import average_precision, roc_area
from analysis.predictions.metrics import (
    CLASSIFICATION,
    METRICS,
    TAGS,
    Score,
    SumMetric,
    macro_f1_of_counts,
    mean_of,
    ratio,
)
from analysis.predictions.scores import shares_of
from trainables.records import Predictions

FOUND_FROM = 0.5  # the probability from which on a label counts as found, where the run has chosen none
SMALLEST = 1e-12  # probability in the loss


def tables(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """(N, C) each: targets and probabilities."""
    targets, shares = (np.array(list(side), dtype=float) for side in (predictions.targets, predictions.outputs))
    return targets, shares


@dataclass(frozen=True)
class OrderMetric(Score):
    """The mean over labels of `area`, or with `together` the area over all clips and labels at once."""

    area: Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
    together: bool = False
    tables: Callable[[Predictions], tuple[np.ndarray, np.ndarray]] = tables

    def __call__(self, predictions: Predictions) -> float:
        return float(self.left_out(predictions, np.zeros(len(predictions), dtype=np.intp), 0)[0])

    def left_out(self, predictions: Predictions, numbers: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
        """The metric of all clips (), and without each group (G,); `numbers` (N,) is each clip's group."""
        targets, shares = self.tables(predictions)
        if self.together:
            repeated = np.repeat(numbers, targets.shape[1])
            found = self.area(targets.ravel(), shares.ravel(), repeated, groups)
        else:
            by_label = [self.area(t, s, numbers, groups) for t, s in zip(targets.T, shares.T, strict=True)]
            known = np.isfinite(by_label)
            count = known.sum(axis=0)
            total = np.where(known, by_label, 0.0).sum(axis=0)
            found = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return found[0], found[1:]


def class_tables(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """(N, C) each, of clips with one class: 1 where it is that class, and probabilities."""
    wanted, shares = shares_of(predictions)
    return np.eye(shares.shape[1])[wanted], shares


def are_tags(runs: Sequence[Predictions]) -> bool:
    """Whether all targets are lists of two and more of 0 and 1, and all outputs lie in 0 to 1."""
    return all(_are_tags(run) for run in runs)


def _are_tags(run: Predictions) -> bool:
    if not len(run) or not isinstance(run.targets[0], list | tuple | np.ndarray):
        return False
    targets, shares = tables(run)
    inside = (shares >= 0.0) & (shares <= 1.0)
    return targets.ndim == 2 and targets.shape[1] > 1 and bool(np.isin(targets, (0.0, 1.0)).all() and inside.all())


def _found_rows(predictions: Predictions) -> np.ndarray:
    """(N, 3 C): found and there, found, there."""
    targets, shares = tables(predictions)
    known = predictions.thresholds
    thresholds = FOUND_FROM if known is None else np.array(list(known), dtype=float)
    found = (shares >= thresholds).astype(float)
    return np.concatenate([targets * found, found, targets], axis=1)


def _entropy_rows(predictions: Predictions) -> np.ndarray:
    targets, shares = tables(predictions)
    inside = np.clip(shares, SMALLEST, 1 - SMALLEST)
    return mean_of(-(targets * np.log(inside) + (1 - targets) * np.log(1 - inside)).mean(axis=1))


_ALL: tuple[SumMetric | OrderMetric, ...] = (
    OrderMetric("map", TAGS, "max", most=1.0, area=average_precision),
    OrderMetric("macro_auroc", TAGS, "max", most=1.0, area=roc_area),
    OrderMetric("micro_auroc", TAGS, "max", most=1.0, area=roc_area, together=True),
    SumMetric("macro_f1", TAGS, "max", most=1.0, rows=_found_rows, value=macro_f1_of_counts),
    SumMetric("loss", TAGS, "min", rows=_entropy_rows, value=ratio, is_mean=True),
)
TAG_METRICS: Mapping[str, SumMetric | OrderMetric] = {metric.name: metric for metric in _ALL}


# Of clips with one class each: that class against all others, the mean over classes
CLASS_AREAS: Mapping[str, OrderMetric] = {
    name: OrderMetric(name, CLASSIFICATION, "max", most=1.0, area=area, tables=class_tables)
    for name, area in (("auroc", roc_area), ("average_precision", average_precision))
}


def metric_of(name: str, runs: Sequence[Predictions]) -> Score | None:
    """The metric of this name that is for predictions of this kind; None where none is."""
    if runs and are_tags(runs):
        return TAG_METRICS.get(name)
    if name == "loss" and any(run.scores is None for run in runs):
        return None  # of ratings and texts it is the training's own
    return METRICS.get(name) or CLASS_AREAS.get(name)
