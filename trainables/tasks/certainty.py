"""How far the probabilities of classes can be trusted: (N, C) `shares` that sum to 1 in every row, and (N,) `wanted`,
the column of the right class. Loads no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

BINS = 15  # of equal width, as Guo et al. 2017 have it


def brier_score(wanted: np.ndarray, shares: np.ndarray) -> float:
    """Mean squared distance from the right answer, summed over classes and, of two classes, halved: scikit-learn's
    definition. 0 to 2, of two classes 0 to 1 (Brier 1950)."""
    return float(squared_distances(wanted, shares).mean())


def squared_distances(wanted: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """(N,) whose mean is the Brier score."""
    import numpy as np

    own = np.array(shares, dtype=np.float64)
    own[np.arange(len(own)), wanted] -= 1.0
    distances: np.ndarray = (own**2).sum(axis=1) / (2.0 if own.shape[1] == 2 else 1.0)
    return distances


def expected_calibration_error(wanted: np.ndarray, shares: np.ndarray) -> float:
    """By how much the probability of the answer differs from the share of right answers, 0 to 1: clips in bins by that
    probability, the bins' differences weighed by their clips (Guo et al. 2017, arXiv 1706.04599)."""
    import numpy as np

    return float(np.abs(excess_by_bin(wanted, shares).sum(axis=0)).sum() / len(shares))


def reliability(wanted: np.ndarray, shares: np.ndarray) -> list[tuple[float, float, int]]:
    """Of every bin that clips fall into, the lowest first: the mean probability of their answers, the share of these
    that are right, and how many clips."""
    import numpy as np

    wide = np.asarray(shares, dtype=np.float64)
    certain, right = wide.max(axis=1), wide.argmax(axis=1) == wanted
    place = bins_of(certain)
    return [
        (float(certain[place == each].mean()), float(right[place == each].mean()), int((place == each).sum()))
        for each in np.unique(place)
    ]


def bins_of(certain: np.ndarray) -> np.ndarray:
    """(N,) the bin of each probability, 0 to BINS - 1; one on the edge of two belongs to the lower one."""
    import numpy as np

    found: np.ndarray = np.clip(np.ceil(certain * BINS).astype(int) - 1, 0, BINS - 1)
    return found


def excess_by_bin(wanted: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """(N, BINS) in each clip's own bin the probability of its answer less 1 where that is right, 0 elsewhere."""
    import numpy as np

    wide = np.asarray(shares, dtype=np.float64)
    answer = wide.argmax(axis=1)
    certain = wide.max(axis=1)
    found = np.zeros((len(wide), BINS))
    found[np.arange(len(wide)), bins_of(certain)] = certain - (answer == wanted)
    return found
