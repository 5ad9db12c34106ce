"""The cut of successive halving at a rung (Li et al. 2020, arXiv 1810.05934). Loads no Ray, for those who look on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def cut_of(known: Sequence[float], mode: str, reduction_factor: int) -> float | None:
    """The objective from which on a trial goes on: the (1 - 1/reduction_factor) quantile of those `known`, as Ray Tune
    has it to the last bit; None where none is known. `mode`: max | min."""
    if not known:
        return None
    sign = 1.0 if mode == "max" else -1.0
    return sign * float(np.nanpercentile([sign * value for value in known], (1 - 1 / reduction_factor) * 100))


def passes(objective: float, cut: float | None, mode: str) -> bool:
    """Whether a trial with this objective goes on: it is not below the cut (`max`), or not above it (`min`)."""
    if cut is None:
        return True
    return not (objective < cut if mode == "max" else objective > cut)
