"""How much each axis of a search changes the objective, in the objective's own unit: marginals of a random forest.

As functional analysis of variance of forests (Hutter, Hoos and Leyton-Brown 2014, ICML, PMLR 32:754): a forest learns
the objective from the axes; an axis's marginal at a value is the forest's mean over everything else. Its effect is the
marginal at its best value less that at its worst, its share the variance of its marginal in that of the forest. Means
are over the trials' own other choices (partial dependence; Friedman 2001, Annals of Statistics 29:1189), since a record
has trials and no space; a conditional axis counts only over the trials in which it was open.

Intervals are the middle 95 % of what the forest's trees, each of its own resample of the trials, say of the difference
between the same two values. Both were chosen from the same trials, so that an axis without effect shows a small one,
whose interval holds 0.

scikit-learn is imported when used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.report.importance import on_log, open_axes, why_nothing

TREES = 200  # a resample of the trials each; every split may choose from all axes, as scikit-learn's forests do
LEAST_LEAF = 2  # trials
PLACES = 9  # of a range, at evenly spread trials

EFFECTS_MEAN = (
    "The difference is between the forest's means at an axis's best and at its worst value, over the other choices of "
    "the trials; an axis that depends on another counts only in the trials in which it was open. The interval is "
    "the middle 95 % over resampled trials. Both values were picked from these trials, so an axis without any effect "
    "shows a small difference: where the interval holds 0 it is not clear. The last columns: how much of what the "
    "forest tells apart the axis makes alone (functional analysis of variance, Hutter et al. 2014), and trials."
)


@dataclass(frozen=True)
class AxisEffect:
    """One axis. `effect` is at least 0: the marginal at `best` less that at `worst`, better being up."""

    axis: str
    effect: float
    interval: tuple[float, float]
    best: Any
    worst: Any
    share: float  # of the forest's variance, 0 to 1
    trials: int  # in which it was open
    conditional: bool  # closed in others

    @property
    def clear(self) -> bool:
        """Whether the interval excludes 0."""
        return self.interval[0] > 0.0


@dataclass(frozen=True)
class AxisEffects:
    """All axes, the largest effect first; without `effects`, `note` says why there are none."""

    trials: int
    effects: tuple[AxisEffect, ...]
    note: str = ""


def axis_effects(
    samples: Sequence[Mapping[str, Any]],
    values: Sequence[float],
    *,
    mode: str,
    rng: np.random.Generator,
    trees: int = TREES,
) -> AxisEffects:
    """`samples` are the open axes of each trial, `values` what it reached (finite); `mode`: max | min.

    Axes with a single value are passed over; below TRIALS_PER_AXIS trials an axis nothing is estimated.
    """
    axes = open_axes(samples)
    reached = np.asarray(values, dtype=float)
    if not np.isfinite(reached).all():
        raise ValueError("every trial's value must be finite")
    if note := why_nothing(axes, values):
        return AxisEffects(len(samples), (), note)
    coded = [_Coded.of(axis, samples) for axis in axes]
    drawn = [_tree(coded, reached, rng) for _ in range(trees)]
    spread = float(np.mean([said for _, said in drawn], axis=0).var())  # of the forest's mean over the trials
    marginals = [np.stack([own[i] for own, _ in drawn]) for i in range(len(coded))]
    sign = 1.0 if mode == "max" else -1.0
    found = [_effect(each, sign * own, spread) for each, own in zip(coded, marginals, strict=True)]
    return AxisEffects(len(samples), tuple(sorted(found, key=lambda each: -each.effect)))


@dataclass(frozen=True)
class _Coded:
    """One axis for trees: numbers as they are (or their logarithm), texts one column each."""

    axis: str
    columns: np.ndarray  # (T, C); NaN where it is closed
    open: np.ndarray  # (T,)
    places: tuple[Any, ...]  # where its marginal is asked for
    place_columns: np.ndarray  # (P, C)

    @classmethod
    def of(cls, axis: str, samples: Sequence[Mapping[str, Any]]) -> _Coded:
        there = np.array([axis in sample for sample in samples])
        taken = [sample[axis] for sample in samples if axis in sample]
        places: tuple[Any, ...]
        if any(isinstance(value, str | bool) for value in taken):
            places = tuple(sorted(set(taken), key=str))
            own, at = (np.array([[v == p for p in places] for v in some], dtype=float) for some in (taken, places))
        else:
            distinct = sorted(set(taken))
            few = len(distinct) <= PLACES
            places = tuple(distinct if few else _evenly(sorted(taken)))
            log = on_log(taken)
            own, at = (
                np.log(np.array(some, dtype=float))[:, None] if log else np.array(some, dtype=float)[:, None]
                for some in (taken, places)
            )
        columns = np.full((len(samples), own.shape[1]), np.nan)
        columns[there] = own
        return cls(axis, columns, there, places, at)

    def filled(self, rng: np.random.Generator) -> np.ndarray:
        """(T, C): where it is closed, what it was in a trial drawn at random in which it was open.

        A mark of being closed would take over what belongs to the axis that closed it.
        """
        drawn = rng.choice(np.flatnonzero(self.open), len(self.open))
        return np.where(self.open[:, None], self.columns, self.columns[drawn])


def _evenly(ascending: Sequence[float]) -> list[float]:
    """PLACES different ones, from the smallest to the largest."""
    at = np.linspace(0, len(ascending) - 1, PLACES).round().astype(int)
    return list(dict.fromkeys(ascending[place] for place in at))


def _asked(table: np.ndarray, coded: _Coded, own: slice) -> np.ndarray:
    """(P, B, F): the B trials in which the axis is open, as they would be with each of its P values."""
    background = table[coded.open]
    asked = np.repeat(background[None], len(coded.places), axis=0)
    asked[:, :, own] = coded.place_columns[:, None, :]
    return asked


def _tree(
    coded: Sequence[_Coded], reached: np.ndarray, rng: np.random.Generator
) -> tuple[list[np.ndarray], np.ndarray]:
    """Of one resample: every axis's marginals (P,), and what the tree says of the trials (T,)."""
    from sklearn.tree import DecisionTreeRegressor

    table = np.concatenate([each.filled(rng) for each in coded], axis=1)
    starts = np.cumsum([0, *(each.columns.shape[1] for each in coded)])
    asked = [_asked(table, each, slice(starts[i], starts[i + 1])) for i, each in enumerate(coded)]
    rows, state = rng.integers(0, len(table), len(table)), int(rng.integers(2**31))
    tree = DecisionTreeRegressor(min_samples_leaf=LEAST_LEAF, random_state=state).fit(table[rows], reached[rows])
    said = tree.predict(np.concatenate([table, *(own.reshape(-1, table.shape[1]) for own in asked)]))
    ends = np.cumsum([len(table), *(own.shape[0] * own.shape[1] for own in asked)])
    marginals = [said[ends[i] : ends[i + 1]].reshape(own.shape[:2]).mean(axis=1) for i, own in enumerate(asked)]
    return marginals, said[: len(table)]


def _effect(coded: _Coded, marginals: np.ndarray, spread: float) -> AxisEffect:
    """`marginals` (trees, P), better being up."""
    mean = marginals.mean(axis=0)
    best, worst = int(mean.argmax()), int(mean.argmin())
    low, high = np.percentile(marginals[:, best] - marginals[:, worst], (2.5, 97.5))
    counts = (coded.columns[coded.open][:, None] == coded.place_columns).all(axis=2).sum(axis=0)
    weights = counts if counts.sum() == coded.open.sum() else np.ones(len(mean))  # choices count as often as taken
    variance = float(np.average((mean - np.average(mean, weights=weights)) ** 2, weights=weights))
    return AxisEffect(
        coded.axis,
        float(mean[best] - mean[worst]),
        (float(low), float(high)),
        coded.places[best],
        coded.places[worst],
        min(variance / spread, 1.0) if spread > 0.0 else 0.0,
        int(coded.open.sum()),
        not bool(coded.open.all()),
    )
