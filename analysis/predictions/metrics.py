"""Metrics as functions of sums over examples, so that leaving out and drawing again is arithmetic on sums.

Accuracy is right answers over examples; word error rate is errors over words; macro F1 comes from three counts per
class; a correlation from five moments. `rows` gives what each example adds, `value` the metric of any sums of rows:
a resample is then a matrix product, and the jackknife a subtraction. What needs the order of all examples (a rank
correlation, an area under a curve) is no such metric.

Definitions follow `trainables.tasks.metrics` and scikit-learn's defaults: macro F1 is over the classes that occur among
targets or outputs, so one that only the model names counts with 0; balanced accuracy is over those among the targets.
Classes, columns: in the order of `Predictions.classes`.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from itertools import repeat

import numpy as np

from analysis.predictions.align import correct
from analysis.predictions.scores import excess_rows, log_probability_of_target, shares_of
from analysis.predictions.text_rows import character_rows, insertion_rows, nearness_rows, word_rows
from trainables.records import Predictions
from trainables.tasks.answer_metrics import rouge_l, token_f1
from trainables.tasks.certainty import squared_distances

CLASSIFICATION, REGRESSION, TRANSCRIPTION = "classification", "regression", "transcription"
TAGS = "several labels a clip"
# Under curves: `analysis.predictions.tags`
AREAS = ("map", "macro_auroc", "micro_auroc", "auroc", "average_precision")


@dataclass(frozen=True)
class Score(ABC):
    """What every metric has, whatever it takes to compute it."""

    name: str
    kind: str  # classification | regression | transcription | several labels a clip
    mode: str  # max | min: which is better
    _: KW_ONLY
    is_mean: bool = False  # the mean of a score of each example
    least: float = 0.0  # that the metric can be
    most: float = math.inf

    @abstractmethod
    def __call__(self, predictions: Predictions) -> float:
        """The metric of all examples; nan where it is not defined."""


@dataclass(frozen=True)
class SumMetric(Score):
    """Call it with predictions for the metric itself; nan where it is not defined."""

    rows: Callable[[Predictions], np.ndarray]  # (N, F) what each example adds
    value: Callable[[np.ndarray], np.ndarray]  # (..., F) sums -> (...)

    def __call__(self, predictions: Predictions) -> float:
        return float(self.value(self.rows(predictions).sum(axis=0)))

    def scores(self, predictions: Predictions) -> np.ndarray:
        """(N,) whose mean is the metric; only where `is_mean` (of errors, where no rating is missing)."""
        return np.asarray(self.value(self.rows(predictions)))


def mean_of(scores: np.ndarray) -> np.ndarray:
    """(N,) scores -> (N, 2) rows."""
    return np.column_stack([np.asarray(scores, dtype=float), np.ones(len(scores))])


def ratio(sums: np.ndarray) -> np.ndarray:
    """(...) of (..., 2) sums."""
    return over(sums[..., 0], sums[..., 1])


def _root(sums: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(_mean_rated(sums)))


def over(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """nan where the denominator is 0."""
    shape = np.broadcast_shapes(np.shape(numerator), np.shape(denominator))
    quotient: np.ndarray = np.divide(
        numerator, denominator, out=np.full(shape, np.nan), where=np.asarray(denominator) != 0
    )
    return quotient


def _class_rows(predictions: Predictions) -> np.ndarray:
    """(N, 3 C): found, claimed, actual."""
    place = {name: column for column, name in enumerate(predictions.classes)}
    count, rows = len(place), np.zeros((len(predictions), 3 * len(place)))
    actual, claimed = (
        np.fromiter(map(place.get, side, repeat(-1)), dtype=np.intp, count=len(side))
        for side in (predictions.targets, predictions.outputs)
    )
    for offset, column, here in (
        (0, actual, (actual == claimed) & (actual >= 0)),
        (count, claimed, claimed >= 0),
        (2 * count, actual, actual >= 0),
    ):
        rows[np.flatnonzero(here), offset + column[here]] = 1.0
    return rows


def _parts(sums: np.ndarray, count: int) -> list[np.ndarray]:
    return np.split(sums, count, axis=-1)


def _mean_over_present(values: np.ndarray, occurrences: np.ndarray) -> np.ndarray:
    present = occurrences > 0
    return over(np.where(present, values, 0.0).sum(axis=-1), present.sum(axis=-1))


def _balanced(sums: np.ndarray) -> np.ndarray:
    found, _, actual = _parts(sums, 3)
    return _mean_over_present(over(found, actual), actual)


def macro_f1_of_counts(sums: np.ndarray) -> np.ndarray:
    """(...) from (..., 3 C): found and there, found, there."""
    found, claimed, actual = _parts(sums, 3)
    return _mean_over_present(over(2.0 * found, claimed + actual), actual + claimed)


def _loss_rows(predictions: Predictions) -> np.ndarray:
    return mean_of(-log_probability_of_target(predictions))


def columns(values: object) -> np.ndarray:
    """Regression targets or outputs as (N, D)."""
    table = np.asarray(values, dtype=float)
    return table[:, None] if table.ndim == 1 else table


def _mean_known(by_column: np.ndarray) -> np.ndarray:
    """(...) the mean over the columns (..., D) that have a value; nan where none has."""
    known = np.isfinite(by_column)
    return over(np.where(known, by_column, 0.0).sum(axis=-1), known.sum(axis=-1))


def _errors(predictions: Predictions) -> np.ndarray:
    return np.asarray(columns(predictions.outputs) - columns(predictions.targets))


def _rated(values: np.ndarray) -> np.ndarray:
    """(N, 2 D) of errors (N, D), nan where a rating is missing: those that are there, and where they are."""
    there = np.isfinite(values)
    return np.concatenate([np.where(there, values, 0.0), there.astype(float)], axis=1)


def _mean_rated(sums: np.ndarray) -> np.ndarray:
    """The mean over columns of each column's mean, as the ratings' task takes it."""
    return _mean_known(over(*_parts(sums, 2)))


def _moment_rows(predictions: Predictions) -> np.ndarray:
    """(N, 6 D): target, output, their squares, product, 1; nothing where a rating is missing. Values are centred and
    scaled first, by the targets alone, which all arms share: squares of small numbers."""
    t, o = columns(predictions.targets), columns(predictions.outputs)
    rated = np.isfinite(t)
    centre = np.array(
        [column[known].mean() if known.any() else 0.0 for column, known in zip(t.T, rated.T, strict=True)]
    )
    t, o = np.where(rated, t - centre, 0.0), np.where(rated, o - centre, 0.0)
    exponent = np.frexp(np.abs(t).max(axis=0, initial=0.0))[1]  # a power of two rounds nothing
    t, o = np.ldexp(t, -exponent), np.ldexp(o, -exponent)
    return np.concatenate([t, o, t * t, o * o, t * o, rated.astype(float)], axis=1)


def _moments(sums: np.ndarray) -> tuple[np.ndarray, ...]:
    """(..., D) each: mean target, mean output, variances (divided by n), covariance."""
    t, o, tt, oo, to, n = _parts(sums, 6)
    mean_t, mean_o = over(t, n), over(o, n)
    return mean_t, mean_o, over(tt, n) - mean_t**2, over(oo, n) - mean_o**2, over(to, n) - mean_t * mean_o


def _pearson(sums: np.ndarray) -> np.ndarray:
    mean_t, mean_o, var_t, var_o, covariance = _moments(sums)
    var_t, var_o = _above_rounding(var_t, mean_t), _above_rounding(var_o, mean_o)
    found = over(covariance, np.sqrt(var_t * var_o))
    return _mean_known(np.where((var_t > 0.0) & (var_o == 0.0), 0.0, found))


def _above_rounding(variance: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """0 where the variance is what rounding leaves of constant values: a correlation with them is not defined."""
    return np.where(variance > 1e-12 * (mean**2 + np.abs(variance)), variance, 0.0)


def _concordance(sums: np.ndarray) -> np.ndarray:
    mean_t, mean_o, var_t, var_o, covariance = _moments(sums)
    found = over(2.0 * covariance, var_t + var_o + (mean_t - mean_o) ** 2)
    return _mean_known(np.where(_above_rounding(var_t, mean_t) > 0.0, found, np.nan))


def _r2(sums: np.ndarray) -> np.ndarray:
    mean_t, mean_o, var_t, var_o, covariance = _moments(sums)
    squared_error = var_t + var_o - 2.0 * covariance + (mean_t - mean_o) ** 2
    return _mean_known(1.0 - over(squared_error, _above_rounding(var_t, mean_t)))


def _mean_of_answers(name: str, score: Callable[[Predictions], np.ndarray]) -> SumMetric:
    """Of free texts: the mean over clips of a score of each answer, 0 to 1."""
    return SumMetric(name, TRANSCRIPTION, "max", rows=lambda p: mean_of(score(p)), value=ratio, is_mean=True, most=1.0)


# of ratings: the mean over the columns whose targets vary, as `trainables.tasks.rating_metrics`
_ALL = (
    SumMetric(
        "accuracy", CLASSIFICATION, "max", rows=lambda p: mean_of(correct(p)), value=ratio, is_mean=True, most=1.0
    ),
    SumMetric("balanced_accuracy", CLASSIFICATION, "max", rows=_class_rows, value=_balanced, most=1.0),
    SumMetric("macro_f1", CLASSIFICATION, "max", rows=_class_rows, value=macro_f1_of_counts, most=1.0),
    SumMetric("loss", CLASSIFICATION, "min", rows=_loss_rows, value=ratio, is_mean=True),
    SumMetric(
        "brier",
        CLASSIFICATION,
        "min",
        rows=lambda p: mean_of(squared_distances(*shares_of(p))),
        value=ratio,
        is_mean=True,
        most=2.0,
    ),
    SumMetric(
        "ece",
        CLASSIFICATION,
        "min",
        rows=excess_rows,
        value=lambda sums: over(np.abs(sums[..., :-1]).sum(axis=-1), sums[..., -1]),
        most=1.0,
    ),
    SumMetric("mae", REGRESSION, "min", rows=lambda p: _rated(np.abs(_errors(p))), value=_mean_rated, is_mean=True),
    SumMetric("mse", REGRESSION, "min", rows=lambda p: _rated(_errors(p) ** 2), value=_mean_rated, is_mean=True),
    SumMetric("rmse", REGRESSION, "min", rows=lambda p: _rated(_errors(p) ** 2), value=_root),
    SumMetric("pearson", REGRESSION, "max", rows=_moment_rows, value=_pearson, least=-1.0, most=1.0),
    SumMetric("ccc", REGRESSION, "max", rows=_moment_rows, value=_concordance, least=-1.0, most=1.0),  # Lin 1989
    SumMetric("r2", REGRESSION, "max", rows=_moment_rows, value=_r2, least=-math.inf, most=1.0),
    SumMetric("wer", TRANSCRIPTION, "min", rows=word_rows, value=ratio),
    SumMetric("cer", TRANSCRIPTION, "min", rows=character_rows, value=ratio),
    SumMetric("insertions_per_minute", TRANSCRIPTION, "min", rows=insertion_rows, value=ratio),
    _mean_of_answers("exact_match", correct),
    _mean_of_answers("token_f1", nearness_rows(token_f1)),
    _mean_of_answers("rouge_l", nearness_rows(rouge_l)),
)
METRICS: Mapping[str, SumMetric] = {metric.name: metric for metric in _ALL}


def range_of(name: str) -> tuple[float, float]:
    """What the metric of this name (`accuracy`, `test/accuracy`) can be; without ends where the name is not known."""
    word = re.split(r"[/ ]", name)[-1]
    known = METRICS.get(word)
    if known is None:
        return (0.0, 1.0) if word in AREAS else (-math.inf, math.inf)
    return known.least, known.most


DEFAULTS: Mapping[str, str] = {CLASSIFICATION: "accuracy", REGRESSION: "mae", TRANSCRIPTION: "wer", TAGS: "map"}
