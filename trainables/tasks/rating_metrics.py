"""Metrics of ratings: (N, D) targets, NaN where one is missing, and (N, D) outputs. Loads NumPy when used.

Each is computed for every column on the clips that have its rating, and the columns' mean is the metric. A column whose
ratings are all the same here, or all missing, has no correlation: it is left out of the mean. Outputs that are all the
same have none either, which counts as 0: such an arm explains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

CONSTANT = 1e-12  # of the mean square: what rounding leaves of the variance of equal values


def by_column(targets: np.ndarray, outputs: np.ndarray) -> dict[str, np.ndarray]:
    """name -> (D,): pearson, ccc (Lin 1989), mae, mse and r2 of every column; NaN where one is not defined."""
    import numpy as np

    found: dict[str, list[float]] = {name: [] for name in _OF_COLUMN}
    for column in range(targets.shape[1]):
        rated = np.isfinite(targets[:, column])
        wanted, said = targets[rated, column].astype(float), outputs[rated, column].astype(float)
        for name, score in _OF_COLUMN.items():
            found[name].append(score(wanted, said) if len(wanted) else np.nan)
    return {name: np.array(values) for name, values in found.items()}


def means(columns: Mapping[str, np.ndarray]) -> dict[str, float]:
    """name -> the mean over the columns that have one; besides those of `by_column`, rmse."""
    import numpy as np

    found = {
        name: float(np.mean(values[kept])) if (kept := np.isfinite(values)).any() else np.nan
        for name, values in columns.items()
    }
    return found | {"rmse": float(np.sqrt(found["mse"]))}


def _pearson(wanted: np.ndarray, said: np.ndarray) -> float:
    import numpy as np

    if _all_equal(wanted):
        return float(np.nan)
    if _all_equal(said):
        return 0.0
    return float(np.corrcoef(wanted, said)[0, 1])


def _concordance(wanted: np.ndarray, said: np.ndarray) -> float:
    import numpy as np

    if _all_equal(wanted):
        return float(np.nan)
    covariance = np.mean((wanted - wanted.mean()) * (said - said.mean()))
    return float(2 * covariance / (wanted.var() + said.var() + (wanted.mean() - said.mean()) ** 2))


def _mean_absolute(wanted: np.ndarray, said: np.ndarray) -> float:
    return float(abs(said - wanted).mean())


def _mean_square(wanted: np.ndarray, said: np.ndarray) -> float:
    return float(((said - wanted) ** 2).mean())


def _explained(wanted: np.ndarray, said: np.ndarray) -> float:
    import numpy as np

    return float(np.nan) if _all_equal(wanted) else 1.0 - _mean_square(wanted, said) / float(wanted.var())


def _all_equal(values: np.ndarray) -> bool:
    return bool(values.var() <= CONSTANT * (values**2).mean())


_OF_COLUMN: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "pearson": _pearson,
    "ccc": _concordance,
    "mae": _mean_absolute,
    "mse": _mean_square,
    "r2": _explained,
}
