"""Drawing test units again, and exchanging two models' answers: bootstrap and permutation over sums.

A unit is a test group (an example, where each is its own group): it is drawn or exchanged whole. A statistic is a
function of sums over units (`analysis.predictions.metrics`), so a resample is a row of counts times a table. Exact
multinomial counts, in two ways:

* where few distinct rows occur (right or wrong of a few models), how often each distinct row is drawn is multinomial
  itself, and 100,000 examples shrink to a few hundred counts;
* else indices are drawn and counted in blocks, and a block of counts is multiplied with the table.

Sources: Efron 1987 (BCa; JASA 82:171); Efron and Tibshirani 1993, chapters 13, 14, 15; Owen 2007 (crossed factors,
Annals of Applied Statistics 1:386). Limit: a bootstrap over few seeds or few groups understates the spread, since
only what was seen can be drawn; `error_rates.json` holds the measured rates.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

Statistic = Callable[[np.ndarray], np.ndarray]  # (..., C) sums -> (...)

RESAMPLES = 10_000
BLOCK_BYTES = 32 * 2**20  # of counts in a block; a few blocks at once stay far below 2 GiB
THREADS = 2
SAMPLE_ROWS = 2_000  # looked at to guess whether distinct rows are few
ROWS_PER_PATTERN = 25  # drawing one pattern's count costs as much as drawing so many rows
EXACT_IN_32_BITS = 2**24
EXACT_UNITS = 14  # up to here all 2^n exchanges are listed


@dataclass(frozen=True)
class Resampled:
    """A bootstrap interval, and how much of the distribution lies beyond zero."""

    estimate: float
    interval: tuple[float, float] | None  # None: the statistic does not vary
    p_value: float | None  # two-sided: twice the smaller share beyond zero; an aid, not an exact test
    resamples: int
    undefined: int  # resamples without a value (a class that was never drawn), left out


def resampled_sums(table: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """(R, C): sums over as many rows of `table` (U, C) as it has, drawn with replacement, for every resample.

    The same `rng` state gives the same sums whatever the number of threads.
    """
    table = np.ascontiguousarray(table, dtype=np.float64)
    units = len(table)
    patterns = _patterns(table)
    if patterns is not None:
        distinct, counts = patterns
        return np.asarray(rng.multinomial(units, counts / units, size=resamples) @ distinct)
    return _in_blocks(table, resamples, rng, lambda size, kind, own: _drawn_counts(units, size, kind, own))


def exchanged_sums(table: np.ndarray, exchanges: int, rng: np.random.Generator) -> np.ndarray:
    """(E, C): sums over a random half of the rows of `table` (U, C), each row in or out by a fair coin."""
    table = np.ascontiguousarray(table, dtype=np.float64)
    patterns = _patterns(table)
    if patterns is not None:
        distinct, counts = patterns
        return np.asarray(rng.binomial(counts, 0.5, size=(exchanges, len(counts))) @ distinct)
    units = len(table)

    def coins(size: int, kind: type, own: np.random.Generator) -> np.ndarray:
        bits = np.frombuffer(own.bytes(size * math.ceil(units / 8)), dtype=np.uint8).reshape(size, -1)
        return np.unpackbits(bits, axis=1, count=units).astype(kind)

    return _in_blocks(table, exchanges, rng, coins)


def percentile_interval(values: np.ndarray, alpha: float) -> tuple[float, float]:
    """The central 1 - alpha of a bootstrap distribution (R,)."""
    low, high = np.quantile(values, [alpha / 2.0, 1.0 - alpha / 2.0])
    return float(low), float(high)


def bca_interval(
    values: np.ndarray, estimate: float, jackknife: np.ndarray, alpha: float
) -> tuple[float, float] | None:
    """Bias-corrected and accelerated: `values` (R,) of the bootstrap, `jackknife` (U,) with one unit left out each.

    None where the distribution has no spread, or lies wholly on one side of the estimate.
    """
    below = (np.mean(values < estimate) + np.mean(values <= estimate)) / 2.0
    centred = jackknife.mean() - jackknife
    spread = float((centred**2).sum())
    if spread <= 0.0 or not 0.0 < below < 1.0:
        return None
    bias = ndtri(below)
    acceleration = float((centred**3).sum()) / (6.0 * spread**1.5)
    ends = bias + ndtri([alpha / 2.0, 1.0 - alpha / 2.0])
    low, high = np.quantile(values, ndtr(bias + ends / (1.0 - acceleration * ends)))
    return float(low), float(high)


def paired_bootstrap(
    sums: np.ndarray, statistic: Statistic, *, alpha: float, rng: np.random.Generator, resamples: int = RESAMPLES
) -> Resampled:
    """BCa over test units for first minus second, seeds averaged and fixed: about these trained models.

    `sums` is (U, 2, S, F): what each unit adds, per arm and seed.
    """
    units = len(sums)
    shape = sums.shape[1:]
    flat = sums.reshape(units, -1)
    total = flat.sum(axis=0)

    def difference(table: np.ndarray) -> np.ndarray:
        values = statistic(table.reshape(-1, *shape)).mean(axis=-1)  # (R, 2)
        return np.asarray(values[:, 0] - values[:, 1])

    estimate = float(difference(total[None])[0])
    values, undefined = _defined(difference(resampled_sums(flat, resamples, rng)))
    jackknife = difference(total - flat)
    interval = bca_interval(values, estimate, jackknife[np.isfinite(jackknife)], alpha) if len(values) else None
    return Resampled(estimate, interval, _beyond_zero(values) if interval else None, resamples, undefined)


def crossed_bootstrap(
    sums: np.ndarray, statistic: Statistic, *, alpha: float, rng: np.random.Generator, resamples: int = RESAMPLES
) -> Resampled:
    """Percentile interval for first minus second with seeds and test units both drawn, crossed as they are.

    Units are drawn once per resample, the same for all seeds and both arms, and so are seeds. `sums` as above.
    """
    units, _, seeds, _ = sums.shape
    shape = sums.shape[1:]
    flat = sums.reshape(units, -1)
    by_seed = statistic(resampled_sums(flat, resamples, rng).reshape(-1, *shape))  # (R, 2, S)
    drawn = rng.multinomial(seeds, np.full(seeds, 1.0 / seeds), size=resamples) / seeds  # (R, S)
    values, undefined = _defined(((by_seed[:, 0] - by_seed[:, 1]) * drawn).sum(axis=1))
    by_seed = statistic(flat.sum(axis=0).reshape(shape))
    estimate = float((by_seed[0] - by_seed[1]).mean())
    if not len(values) or np.ptp(values) == 0.0:
        return Resampled(estimate, None, None, resamples, undefined)
    return Resampled(estimate, percentile_interval(values, alpha), _beyond_zero(values), resamples, undefined)


@dataclass(frozen=True)
class Permutation:
    """Exchanging the two models' answers, a whole unit at a time."""

    estimate: float
    p_value: float | None  # two-sided; None: no unit tells the two apart
    smallest_p: float  # that any data with so many dividing units could give
    units: int  # that divide the two
    exact: bool  # every exchange listed, else drawn


def permutation(
    sums: np.ndarray, statistic: Statistic, *, rng: np.random.Generator, exchanges: int = RESAMPLES
) -> Permutation:
    """Two-sided test that the two models' answers could be exchanged within each unit, all seeds of it together.

    Exact with up to 14 dividing units; else drawn, the observed one counted (Phipson and Smyth 2010). `sums` as above.
    """
    shape = sums.shape[1:]
    total = sums.sum(axis=0)

    def difference(table: np.ndarray) -> np.ndarray:
        values = statistic(table).mean(axis=-1)
        return np.asarray(values[..., 0] - values[..., 1])

    estimate = float(difference(total[None])[0])
    turned = (sums[:, 1] - sums[:, 0]).reshape(len(sums), -1)  # what an exchange adds to the first, and takes from
    turned = turned[np.any(turned != 0.0, axis=1)]  # the second
    units = len(turned)
    smallest = min(1.0, 2.0 ** (1 - units))
    if units == 0:
        return Permutation(estimate, None, 1.0, 0, exact=True)
    exact = units <= EXACT_UNITS
    changes = all_signs(units) @ turned if exact else exchanged_sums(turned, exchanges, rng)
    changed = changes.reshape(-1, *shape[1:])
    values = difference(np.stack([total[0] + changed, total[1] - changed], axis=1))
    tolerance = 1e-12 * max(1.0, abs(estimate))
    as_large = int(np.sum(np.abs(values[np.isfinite(values)]) >= abs(estimate) - tolerance))
    p_value = as_large / len(values) if exact else (as_large + 1) / (exchanges + 1)
    reachable = smallest if exact else max(smallest, 1.0 / (exchanges + 1))
    return Permutation(estimate, min(1.0, p_value), reachable, units, exact)


def all_signs(count: int) -> np.ndarray:
    """(2^count, count) of 0 and 1: every choice."""
    return ((np.arange(2**count)[:, None] >> np.arange(count)) & 1).astype(np.float64)


def _defined(values: np.ndarray) -> tuple[np.ndarray, int]:
    finite = values[np.isfinite(values)]
    return finite, len(values) - len(finite)


def _beyond_zero(values: np.ndarray) -> float:
    smaller = min(int(np.sum(values <= 0.0)), int(np.sum(values >= 0.0)))
    return min(1.0, 2.0 * (smaller + 1) / (len(values) + 1))


def _patterns(table: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The distinct rows and how often each occurs, where that saves work."""
    units = len(table)
    step = max(1, units // SAMPLE_ROWS)
    if len(np.unique(table[::step], axis=0)) > max(len(table[::step]) // 4, units // ROWS_PER_PATTERN // 4):
        return None
    distinct, counts = np.unique(table, axis=0, return_counts=True)
    return (distinct, counts) if len(distinct) <= max(units // ROWS_PER_PATTERN, 1) else None


def _drawn_counts(units: int, size: int, kind: type, rng: np.random.Generator) -> np.ndarray:
    """(size, U): how often each unit was drawn."""
    counts: np.ndarray = np.empty((size, units), dtype=kind)
    for row in range(size):
        counts[row] = np.bincount(rng.integers(units, size=units), minlength=units)
    return counts


def _in_blocks(
    table: np.ndarray,
    rows: int,
    rng: np.random.Generator,
    weights: Callable[[int, type, np.random.Generator], np.ndarray],
) -> np.ndarray:
    """(rows, C): random weights (rows, U) times `table`, a block at a time; each block has a generator of its own.

    Whole numbers whose sums stay below 2^24 are exact in 32 bits too, and go twice as fast.
    """
    most = float(np.abs(table).max(initial=0.0)) * len(table)
    kind = np.float32 if most < EXACT_IN_32_BITS and (table == np.rint(table)).all() else np.float64
    table = table.astype(kind)
    block = max(1, min(rows, BLOCK_BYTES // (8 * len(table))))
    sizes = [min(block, rows - start) for start in range(0, rows, block)]
    with ThreadPoolExecutor(THREADS) as pool:
        parts = pool.map(
            lambda job: weights(job[0], kind, job[1]) @ table, zip(sizes, rng.spawn(len(sizes)), strict=True)
        )
        return np.concatenate(list(parts)).astype(np.float64)
