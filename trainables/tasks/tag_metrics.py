"""Metrics of several labels a clip: (N, C) 0 or 1, and (N, C) scores, higher for a label that is heard. By
scikit-learn's definitions; a label without a clip that has it, or without one that has it not, is left out of a mean
over labels, as AudioSet's evaluation does (Gemmeke et al. 2017).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def average_precisions(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(C,) area under precision over recall; NaN where no clip has the label."""
    import numpy as np
    from sklearn.metrics import average_precision_score

    return np.array(
        [
            average_precision_score(targets[:, label], scores[:, label]) if targets[:, label].any() else np.nan
            for label in range(targets.shape[1])
        ]
    )


def areas_under_roc(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(C,) chance that a clip with the label scores above one without it; NaN where one of the two is missing."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    return np.array(
        [
            roc_auc_score(targets[:, label], scores[:, label]) if 0 < targets[:, label].mean() < 1 else np.nan
            for label in range(targets.shape[1])
        ]
    )


def macro_f1(targets: np.ndarray, found: np.ndarray) -> float:
    """Mean F1 over the labels that a clip has or that were found, 0 to 1; `found` (N, C) is 0 or 1."""
    import numpy as np

    right = (targets * found).sum(axis=0)
    said = targets.sum(axis=0) + found.sum(axis=0)
    return float(np.mean(2 * right[said > 0] / said[said > 0])) if (said > 0).any() else float(np.nan)


def best_f1_thresholds(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(C,) for each label the score from which on it counts as found, so that its F1 on these clips is the largest, and
    among equal ones the fewest clips are found: halfway between the lowest score that is found and the next one below
    (0 where there is none). NaN where no clip has the label."""
    import numpy as np

    return np.array([_best_f1_threshold(t, s) for t, s in zip(targets.T, scores.T, strict=True)])


def _best_f1_threshold(wanted: np.ndarray, scores: np.ndarray) -> float:
    import numpy as np

    if not wanted.any():
        return float(np.nan)
    order = np.argsort(-scores, kind="stable")
    ranked, right = scores[order], np.cumsum(wanted[order])
    below = np.append(ranked[1:], 0.0)
    f1 = 2 * right / (np.arange(1, len(ranked) + 1) + wanted.sum())
    f1[:-1][ranked[:-1] == ranked[1:]] = -1.0  # clips of one score are found together
    best = int(np.argmax(f1))
    between = (ranked[best] + below[best]) / 2
    return float(between if between > below[best] else ranked[best])  # no number lies between neighbours


def micro_auroc(targets: np.ndarray, scores: np.ndarray) -> float:
    """The area over all clips and labels together; NaN where all have all, or none has any."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    wanted = targets.ravel()
    return float(roc_auc_score(wanted, scores.ravel())) if 0 < wanted.mean() < 1 else float(np.nan)


def mean_known(values: np.ndarray) -> float:
    """The mean of those that are defined; NaN where none is."""
    import numpy as np

    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float(np.nan)
