"""What training of ratings makes small, as numbers over a whole table: (N, D) targets, NaN where a rating is missing,
and (N, D) outputs, in units of each rating's spread. `trainables.modeling.head_loss` has the same with a graph, for a
batch. Loads NumPy when used.

EACH are of every clip by itself: the squared, the absolute and Huber's error (Huber 1964), the mean over a clip's
ratings. JOINT are of clips together, the mean over ratings:

- `ccc`: 1 less the concordance correlation, which asks for the same level and scale too (Lin 1989, Biometrics 45:255).
- `pearson`: 1 less the correlation; level and scale of the answers are free.
- `ranking`: of all pairs of clips that are rated differently, the mean of log(1 + exp(-d)), d being by how much the
  clip that is rated higher is answered higher (Burges et al. 2005, RankNet); level is free.

A rating that too few of the clips have (FEWEST), or that is the same in all of them, has no part; where no rating is
left, the loss is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

EACH, JOINT = ("mse", "huber", "mae"), ("ccc", "pearson", "ranking")
LOSSES = EACH + JOINT
HUBER_DELTA = 1.0  # spreads: from here on an error counts linearly
FEWEST = {"ccc": 3, "pearson": 3, "ranking": 2}  # two clips always lie on a line: their correlation is 1 or -1
SAME = 1e-12  # of the mean square: what rounding leaves of the variance of equal values
PAIRS_AT_ONCE = 1 << 22


def shares_of(loss: str | Mapping[str, float]) -> dict[str, float]:
    """Each loss and its weight in the sum."""
    return {loss: 1.0} if isinstance(loss, str) else {name: float(weight) for name, weight in loss.items()}


def fewest_clips(loss: str | Mapping[str, float]) -> int:
    """Clips that a batch needs: 1 where each clip has a loss of its own."""
    return max((FEWEST.get(name, 1) for name in shares_of(loss)), default=1)


def mean_loss(targets: np.ndarray, outputs: np.ndarray, loss: str | Mapping[str, float]) -> float:
    """The weighted sum of the losses, each of all clips; all ratings weigh the same."""
    return sum(
        weight * (_of_clips(targets, outputs, name) if name in EACH else _together(targets, outputs, name))
        for name, weight in shares_of(loss).items()
    )


def _of_clips(targets: np.ndarray, outputs: np.ndarray, name: str) -> float:
    import numpy as np

    return float(np.nanmean(_OF_ERROR[name](np.abs(outputs - targets)), axis=1).mean())


def _huber(error: np.ndarray) -> np.ndarray:
    import numpy as np

    inside = np.minimum(error, HUBER_DELTA)
    return np.asarray(0.5 * inside**2 + HUBER_DELTA * (error - inside))


def _together(targets: np.ndarray, outputs: np.ndarray, name: str) -> float:
    import numpy as np

    found = []
    for column in range(targets.shape[1]):
        rated = np.isfinite(targets[:, column])
        wanted, said = targets[rated, column], outputs[rated, column]
        if len(wanted) >= FEWEST[name] and wanted.var() > SAME * (wanted**2).mean():
            found.append(_OF_COLUMN[name](wanted, said))
    return float(np.mean(found)) if found else 0.0


def _ccc(wanted: np.ndarray, said: np.ndarray) -> float:
    covariance = ((wanted - wanted.mean()) * (said - said.mean())).mean()
    return float(1 - 2 * covariance / (wanted.var() + said.var() + (wanted.mean() - said.mean()) ** 2))


def _pearson(wanted: np.ndarray, said: np.ndarray) -> float:
    import numpy as np

    if said.var() <= SAME * (said**2).mean():
        return 1.0  # answers that are all the same explain nothing
    return float(1 - np.corrcoef(wanted, said)[0, 1])


def _ranking(wanted: np.ndarray, said: np.ndarray) -> float:
    import numpy as np

    total, pairs = 0.0, 0
    rows = max(1, PAIRS_AT_ONCE // len(wanted))
    for first in range(0, len(wanted), rows):
        part = slice(first, first + rows)
        above = wanted[part, None] > wanted
        total += float(np.logaddexp(0.0, said - said[part, None])[above].sum())
        pairs += int(above.sum())
    return total / pairs


_OF_ERROR: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "mse": lambda error: error**2,
    "huber": _huber,
    "mae": lambda error: error,
}
_OF_COLUMN: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "ccc": _ccc,
    "pearson": _pearson,
    "ranking": _ranking,
}
