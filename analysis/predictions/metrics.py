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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein

from analysis.predictions.align import correct
from analysis.predictions.scores import log_probability_of_target
from trainables.records import Predictions
from trainables.tasks.texts import characters, words

CLASSIFICATION, REGRESSION, TRANSCRIPTION = "classification", "regression", "transcription"


@dataclass(frozen=True)
class SumMetric:
    """Call it with predictions for the metric itself; nan where it is not defined."""

    name: str
    kind: str  # classification | regression | transcription
    mode: str  # max | min: which is better
    rows: Callable[[Predictions], np.ndarray]  # (N, F) what each example adds
    value: Callable[[np.ndarray], np.ndarray]  # (..., F) sums -> (...)
    is_mean: bool = False  # rows are (score, 1)
    least: float = 0.0  # that the metric can be
    most: float = math.inf

    def __call__(self, predictions: Predictions) -> float:
        return float(self.value(self.rows(predictions).sum(axis=0)))

    def scores(self, predictions: Predictions) -> np.ndarray:
        """(N,) whose mean is the metric; only where `is_mean`."""
        return np.asarray(self.rows(predictions)[:, 0])


def mean_of(scores: np.ndarray) -> np.ndarray:
    """(N,) scores -> (N, 2) rows."""
    return np.column_stack([np.asarray(scores, dtype=float), np.ones(len(scores))])


def _ratio(sums: np.ndarray) -> np.ndarray:
    return _over(sums[..., 0], sums[..., 1])


def _root(sums: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(_ratio(sums)))


def _over(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
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
        np.array([place.get(value, -1) for value in side], dtype=np.intp)
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
    return _over(np.where(present, values, 0.0).sum(axis=-1), present.sum(axis=-1))


def _balanced(sums: np.ndarray) -> np.ndarray:
    found, _, actual = _parts(sums, 3)
    return _mean_over_present(_over(found, actual), actual)


def _macro_f1(sums: np.ndarray) -> np.ndarray:
    found, claimed, actual = _parts(sums, 3)
    return _mean_over_present(_over(2.0 * found, claimed + actual), actual + claimed)


def _loss_rows(predictions: Predictions) -> np.ndarray:
    return mean_of(-log_probability_of_target(predictions))


def columns(values: object) -> np.ndarray:
    """Regression targets or outputs as (N, D)."""
    table = np.asarray(values, dtype=float)
    return table[:, None] if table.ndim == 1 else table


def _mean(by_column: np.ndarray) -> np.ndarray:
    return np.asarray(by_column.mean(axis=-1))


def _errors(predictions: Predictions) -> np.ndarray:
    return np.asarray(columns(predictions.outputs) - columns(predictions.targets))


def _moment_rows(predictions: Predictions) -> np.ndarray:
    """(N, 6 D): target, output, their squares, product, 1. Values are centred first: squares of small numbers."""
    t, o = columns(predictions.targets), columns(predictions.outputs)
    centre = t.mean(axis=0)
    t, o = t - centre, o - centre
    return np.concatenate([t, o, t * t, o * o, t * o, np.ones_like(t)], axis=1)


def _moments(sums: np.ndarray) -> tuple[np.ndarray, ...]:
    """(..., D) each: mean target, mean output, variances (divided by n), covariance."""
    t, o, tt, oo, to, n = _parts(sums, 6)
    mean_t, mean_o = _over(t, n), _over(o, n)
    return mean_t, mean_o, _over(tt, n) - mean_t**2, _over(oo, n) - mean_o**2, _over(to, n) - mean_t * mean_o


def _pearson(sums: np.ndarray) -> np.ndarray:
    mean_t, mean_o, var_t, var_o, covariance = _moments(sums)
    var_t, var_o = _above_rounding(var_t, mean_t), _above_rounding(var_o, mean_o)
    return _mean(_over(covariance, np.sqrt(var_t * var_o)))


def _above_rounding(variance: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """0 where the variance is what rounding leaves of constant values: a correlation with them is not defined."""
    return np.where(variance > 1e-12 * (mean**2 + np.abs(variance)), variance, 0.0)


def _concordance(sums: np.ndarray) -> np.ndarray:
    mean_t, mean_o, var_t, var_o, covariance = _moments(sums)
    return _mean(_over(2.0 * covariance, var_t + var_o + (mean_t - mean_o) ** 2))


def _r2(sums: np.ndarray) -> np.ndarray:
    mean_t, mean_o, var_t, var_o, covariance = _moments(sums)
    squared_error = var_t + var_o - 2.0 * covariance + (mean_t - mean_o) ** 2
    return _mean(1.0 - _over(squared_error, var_t))


def word_errors(reference: str, transcript: str) -> tuple[int, int]:
    """Substitutions, deletions and insertions in all; words in the reference."""
    spoken = words(reference)
    return int(Levenshtein.distance(spoken, words(transcript))), len(spoken)


def character_errors(reference: str, transcript: str) -> tuple[int, int]:
    """The same by characters, spaces included."""
    said = characters(reference)
    return int(Levenshtein.distance(said, characters(transcript))), len(said)


def word_edits(references: Sequence[str], transcripts: Sequence[str]) -> np.ndarray:
    """(N, 2) what `word_errors` gives of each pair."""
    found = np.empty((len(references), 2))
    for row, (reference, transcript) in enumerate(zip(references, transcripts, strict=True)):
        said = words(reference)  # no list outlives its row: millions of them would keep the collector busy
        found[row, 0] = 0 if transcript == reference else Levenshtein.distance(said, words(transcript))
        found[row, 1] = len(said)
    return found


def _word_rows(predictions: Predictions) -> np.ndarray:
    return word_edits(predictions.targets, predictions.outputs)


def _character_rows(predictions: Predictions) -> np.ndarray:
    pairs = zip(predictions.targets, predictions.outputs, strict=True)
    return np.array([character_errors(t, o) for t, o in pairs], float)


def _insertion_rows(predictions: Predictions) -> np.ndarray:
    """(N, 2): inserted words and minutes of clips in which nothing is said; nothing of the others."""
    seconds = predictions.seconds or [math.nan] * len(predictions)
    rows = zip(predictions.targets, predictions.outputs, seconds, strict=True)
    return np.array([(0.0, 0.0) if target else (len(words(output)), s / 60) for target, output, s in rows], float)


# pearson, ccc, r2: the mean over columns
_ALL = (
    SumMetric("accuracy", CLASSIFICATION, "max", lambda p: mean_of(correct(p)), _ratio, is_mean=True, most=1.0),
    SumMetric("balanced_accuracy", CLASSIFICATION, "max", _class_rows, _balanced, most=1.0),
    SumMetric("macro_f1", CLASSIFICATION, "max", _class_rows, _macro_f1, most=1.0),
    SumMetric("loss", CLASSIFICATION, "min", _loss_rows, _ratio, is_mean=True),
    SumMetric("mae", REGRESSION, "min", lambda p: mean_of(np.abs(_errors(p)).mean(axis=1)), _ratio, is_mean=True),
    SumMetric("mse", REGRESSION, "min", lambda p: mean_of((_errors(p) ** 2).mean(axis=1)), _ratio, is_mean=True),
    SumMetric("rmse", REGRESSION, "min", lambda p: mean_of((_errors(p) ** 2).mean(axis=1)), _root),
    SumMetric("pearson", REGRESSION, "max", _moment_rows, _pearson, least=-1.0, most=1.0),
    SumMetric("ccc", REGRESSION, "max", _moment_rows, _concordance, least=-1.0, most=1.0),  # Lin 1989
    SumMetric("r2", REGRESSION, "max", _moment_rows, _r2, least=-math.inf, most=1.0),
    SumMetric("wer", TRANSCRIPTION, "min", _word_rows, _ratio),
    SumMetric("cer", TRANSCRIPTION, "min", _character_rows, _ratio),
    SumMetric("insertions_per_minute", TRANSCRIPTION, "min", _insertion_rows, _ratio),
)
METRICS: Mapping[str, SumMetric] = {metric.name: metric for metric in _ALL}


def range_of(name: str) -> tuple[float, float]:
    """What the metric of this name (`accuracy`, `test/accuracy`) can be; without ends where the name is not known."""
    known = METRICS.get(re.split(r"[/ ]", name)[-1])
    return (-math.inf, math.inf) if known is None else (known.least, known.most)


DEFAULTS: Mapping[str, str] = {CLASSIFICATION: "accuracy", REGRESSION: "mae", TRANSCRIPTION: "wer"}
