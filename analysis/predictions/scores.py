"""Score columns, which may be logits, log-probabilities or probabilities, brought to one form.

Loss, ensembles, rankings by loss and shown certainties all take them through here: the softmax of what is a
probability already would hardly punish a confident error.
"""

from __future__ import annotations

import numpy as np
import scipy.special

from trainables.errors import InputError
from trainables.records import Predictions
from trainables.tasks.certainty import excess_by_bin

NEEDS = (
    "needs score columns, one per class, called score/CLASS (prob_CLASS, p_CLASS and logit_CLASS are read too); the "
    "predictions have none."
)
ROUNDED = 0.005  # what a probability written with two decimals may be off by


def are_probabilities(scores: np.ndarray) -> bool:
    """Whether every row of (N, C) lies in 0 to 1 and sums to 1, as far as two decimals tell."""
    wide = np.asarray(scores, dtype=np.float64)
    if not wide.size or not ((wide >= 0.0) & (wide <= 1.0 + 1e-6)).all():
        return False
    return bool((np.abs(wide.sum(axis=1) - 1.0) <= ROUNDED * wide.shape[1] + 1e-9).all())


def probabilities(scores: np.ndarray) -> np.ndarray:
    """(N, C) of any of the three forms as probabilities; those that sum to 1 only roughly are divided by their sum."""
    wide = np.asarray(scores, dtype=np.float64)
    if not are_probabilities(wide):
        return np.asarray(scipy.special.softmax(wide, axis=1))
    total = wide.sum(axis=1, keepdims=True)
    return np.where(np.abs(total - 1.0) <= 1e-4, wide, wide / total)


def log_probability_of_target(predictions: Predictions) -> np.ndarray:
    """(N,) of the right class. Raises InputError: no score columns, or a probability of 0 for the right class."""
    if predictions.scores is None:
        raise InputError(f"The loss {NEEDS}")
    wide = np.asarray(predictions.scores, dtype=np.float64)
    place = {name: column for column, name in enumerate(predictions.classes)}
    rows, column = np.arange(len(wide)), [place[target] for target in predictions.targets]
    if not are_probabilities(wide):
        return np.asarray(wide[rows, column] - np.logaddexp.reduce(wide, axis=1))
    own = probabilities(wide)[rows, column]
    impossible = int(np.sum(own <= 0.0))
    if impossible:
        raise InputError(
            f"The loss is infinite: the right class has probability 0 in {impossible} examples. Write "
            "log-probabilities or logits instead, or more decimals."
        )
    return np.asarray(np.log(own))


def shares_of(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """(N,) the column of the right class, and (N, C) probabilities. Raises InputError without score columns."""
    if predictions.scores is None:
        raise InputError(f"This metric {NEEDS}")
    place = {name: column for column, name in enumerate(predictions.classes)}
    wanted = np.array([place[target] for target in predictions.targets])
    return wanted, probabilities(np.asarray(predictions.scores))


def excess_rows(predictions: Predictions) -> np.ndarray:
    """(N, BINS + 1): `excess_by_bin`, and 1."""
    return np.column_stack([excess_by_bin(*shares_of(predictions)), np.ones(len(predictions))])
