"""What is equal in truth, made equal in the floating-point numbers: the one guard before every ranking.

Pseudo-values of two models that answer a test group alike are equal, but each is computed from its own model's total
and may differ in the last digits. Ranks would then order what is tied, and order it alike in every group: a certainty
out of nothing. Values closer than `noise` are therefore made equal before they are ranked, or called zero.
"""

from __future__ import annotations

import numpy as np

RELATIVE = 1e-9  # of the largest value: closer than this is rounding where nothing else is known


def pseudovalue_noise(*tables: np.ndarray) -> float:
    """What rounding may do to pseudo-values over (..., G) groups: they are differences of G times larger numbers."""
    groups = tables[0].shape[-1]
    largest = max(float(np.abs(table).max(initial=0.0)) for table in tables)
    return float(1e-13 * groups * largest)


def tied(values: np.ndarray, noise: float | None = None) -> np.ndarray:
    """`values` with those of the last axis that lie within `noise` of the next smaller one set to one value.

    By gaps, not on a grid: no pair of equal values is parted by a grid line. Without `noise`: RELATIVE of the largest.
    """
    table = np.asarray(values, dtype=float)
    if table.size == 0:
        return table
    least = RELATIVE * float(np.abs(table).max()) if noise is None else noise
    order = np.argsort(table, axis=-1, kind="stable")
    ascending = np.take_along_axis(table, order, axis=-1)
    begins = np.diff(ascending, axis=-1, prepend=-np.inf) > least
    first = np.maximum.accumulate(np.where(begins, np.arange(table.shape[-1]), 0), axis=-1)
    made = np.empty_like(table)
    np.put_along_axis(made, order, np.take_along_axis(ascending, first, axis=-1), axis=-1)
    return made


def ranks(values: np.ndarray) -> np.ndarray:
    """Along the last axis, 1 for the smallest; equal values share the mean of their ranks. As scipy.stats.rankdata,
    which takes a second to load."""
    table = np.asarray(values, dtype=float)
    order = np.argsort(table, axis=-1, kind="stable")
    ascending = np.take_along_axis(table, order, axis=-1)
    places = np.broadcast_to(np.arange(table.shape[-1]), table.shape)
    begins = np.concatenate([np.ones_like(ascending[..., :1], bool), np.diff(ascending, axis=-1) != 0.0], axis=-1)
    ends = np.concatenate([begins[..., 1:], np.ones_like(begins[..., :1])], axis=-1)
    first = np.maximum.accumulate(np.where(begins, places, 0), axis=-1)
    last = np.minimum.accumulate(np.where(ends, places, table.shape[-1])[..., ::-1], axis=-1)[..., ::-1]
    made = np.empty(table.shape)
    np.put_along_axis(made, order, (first + last) / 2.0 + 1.0, axis=-1)
    return made


def without_rounding(differences: np.ndarray, noise: float) -> np.ndarray:
    """The differences, those within `noise` of zero exactly zero."""
    return np.where(np.abs(differences) <= noise, 0.0, differences)
