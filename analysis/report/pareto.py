"""Quality against cost: which trials no other trial beats in both, and how sure that is.

Quality is the objective on the validation clips that stage 1 ranked by, so it is optimistic for the best. Intervals and
the share of resamples in which a trial stands on the front come from a bootstrap over validation groups, drawn once for
all trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.predictions.align import group_numbers
from analysis.predictions.metrics import Score, SumMetric
from trainables.records import Predictions

RESAMPLES = 500


@dataclass(frozen=True)
class Quality:
    """One trial's objective, and its resamples; (0,) where it left no predictions."""

    value: float
    draws: np.ndarray  # (B,)

    @property
    def interval(self) -> tuple[float, float] | None:
        if not len(self.draws):
            return None
        low, high = np.nanpercentile(self.draws, (2.5, 97.5))
        return float(low), float(high)


@dataclass(frozen=True)
class Placed:
    """One trial among the others, by one cost."""

    name: str
    cost: float
    value: float
    interval: tuple[float, float] | None
    on_front: bool
    front_share: float | None  # of the resamples; None without predictions


def qualities(
    runs: Mapping[str, Sequence[Predictions]],
    values: Mapping[str, float],
    metric: Score | None,
    rng: np.random.Generator,
) -> dict[str, Quality]:
    """`runs`: name -> a trial's validation predictions, one per seed and fold. Names without any have no interval, and
    none has one of a metric that is no function of sums."""
    groups = sorted({group for parts in runs.values() for part in parts for group in part.groups})
    place = {group: index for index, group in enumerate(groups)}
    weights = rng.multinomial(len(groups), np.full(len(groups), 1.0 / len(groups)), RESAMPLES) if groups else None
    found = {}
    for name, value in values.items():
        parts = runs.get(name, ())
        if not parts or weights is None or not isinstance(metric, SumMetric):
            found[name] = Quality(value, np.zeros(0))
            continue
        sums: np.ndarray | float = 0.0  # (groups, F)
        for part in parts:
            rows = metric.rows(part)
            numbers, count = group_numbers(part)
            order = [place[group] for group in dict.fromkeys(part.groups)]
            own = np.zeros((len(groups), rows.shape[1]))
            np.add.at(own, np.array(order)[numbers], rows)
            sums = sums + own
            assert count == len(order)
        found[name] = Quality(value, np.asarray(metric.value(weights @ sums)))
    return found


def front(costs: np.ndarray, values: np.ndarray, mode: str) -> np.ndarray:
    """(T,) True where no trial is at least as good at no higher cost, and better in one; ties stand together."""
    worth = np.asarray(values if mode == "max" else -np.asarray(values), dtype=float)
    no_worse = (costs[None, :] <= costs[:, None]) & (worth[None, :] >= worth[:, None])
    better = (costs[None, :] < costs[:, None]) | (worth[None, :] > worth[:, None])
    return np.asarray(~(no_worse & better).any(axis=1))


def placed(costs: Mapping[str, float], found: Mapping[str, Quality], mode: str) -> list[Placed]:
    """Every trial that has a cost, the cheapest first."""
    names = [name for name in found if name in costs]
    cost = np.array([costs[name] for name in names])
    on_front = front(cost, np.array([found[name].value for name in names]), mode)
    drawn = [i for i, name in enumerate(names) if len(found[name].draws)]
    shares: dict[int, float] = {}
    if drawn:
        draws = np.stack([found[names[i]].draws for i in drawn])  # (T, B)
        hits = np.stack([front(cost[drawn], column, mode) for column in draws.T])
        shares = dict(zip(drawn, hits.mean(axis=0).tolist(), strict=True))
    rows = [
        Placed(name, float(cost[i]), found[name].value, found[name].interval, bool(on_front[i]), shares.get(i))
        for i, name in enumerate(names)
    ]
    return sorted(rows, key=lambda row: (row.cost, row.value))
