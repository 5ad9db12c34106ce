"""Metrics over aligned rows, one entry per example, by scikit-learn's definitions. Loads no torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def accuracy(targets: Sequence[str], outputs: Sequence[str]) -> float:
    """Share of examples whose output is the target, 0 to 1."""
    return float(np.mean([target == output for target, output in zip(targets, outputs, strict=True)]))


def balanced_accuracy(targets: Sequence[str], outputs: Sequence[str]) -> float:
    """Mean recall over the classes that occur among the targets, 0 to 1."""
    from sklearn.metrics import recall_score

    present = sorted(set(targets))
    return float(recall_score(targets, outputs, labels=present, average="macro", zero_division=0.0))


def macro_f1(targets: Sequence[str], outputs: Sequence[str]) -> float:
    """Mean F1 over the classes that occur among targets or outputs, 0 to 1."""
    from sklearn.metrics import f1_score

    return float(f1_score(targets, outputs, average="macro", zero_division=0.0))


def cross_entropy(targets: Sequence[str], scores: np.ndarray, classes: Sequence[str]) -> float:
    """Mean of -log softmax(scores)[target], in nats; `scores` is (N, C), one column per class, up to a row constant."""
    wide = np.asarray(scores, dtype=np.float64)
    column = [list(classes).index(target) for target in targets]
    log_sum = np.logaddexp.reduce(wide, axis=1)
    return float(np.mean(log_sum - wide[np.arange(len(wide)), column]))
