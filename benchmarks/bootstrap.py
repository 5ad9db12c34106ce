"""How fast the paired bootstrap is: 10,000 resamples of 100,000 examples for 8 configurations.

    OMP_NUM_THREADS=1 python -m benchmarks.bootstrap

Three runs of one statistic, the mean difference of every configuration to a ninth: continuous scores (drawn in blocks,
times a matrix), right and wrong (counts of the few distinct rows), and `scipy.stats.bootstrap` on the same continuous
scores with fewer resamples, scaled up. The intervals of the two must agree. Other work on the machine counts in full.
"""

from __future__ import annotations

import argparse
import os
import resource
import time

import numpy as np
import scipy.stats

from analysis.stats.resampling import percentile_interval, resampled_sums

EXAMPLES, CONFIGURATIONS, RESAMPLES, THEIR_RESAMPLES = 100_000, 8, 10_000, 100


def means(table: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(R, K) bootstrap means of the columns of `table`."""
    return resampled_sums(table, RESAMPLES, rng) / len(table)


def theirs(table: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(K, R) by scipy: one call for all columns, the same draws for each."""
    found = scipy.stats.bootstrap(
        tuple(table.T),
        lambda *columns, axis: np.stack([np.mean(column, axis=axis) for column in columns]),
        n_resamples=THEIR_RESAMPLES,
        batch=4,
        paired=True,
        method="percentile",
        vectorized=True,
        rng=rng,
    )
    return np.asarray(found.bootstrap_distribution)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args()
    rng = np.random.Generator(np.random.SFC64(0))
    scores = rng.standard_normal((EXAMPLES, CONFIGURATIONS + 1)) + np.linspace(0.0, 0.02, CONFIGURATIONS + 1)
    differences = scores[:, 1:] - scores[:, :1]
    right = (scores[:, 1:] > 0.3).astype(float) - (scores[:, :1] > 0.3)

    started = time.perf_counter()
    ours = means(differences, rng)
    continuous = time.perf_counter() - started
    started = time.perf_counter()
    means(right, rng)
    binary = time.perf_counter() - started
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    started = time.perf_counter()
    other = theirs(differences, rng)
    scipy_seconds = (time.perf_counter() - started) * RESAMPLES / THEIR_RESAMPLES

    half = np.ptp(percentile_interval(ours[:, 0], 0.05)) / 2
    theirs_half = 1.96 * other[0].std()
    print(f"{RESAMPLES:,} resamples of {EXAMPLES:,} examples, {CONFIGURATIONS} configurations, {os.cpu_count()} cores")
    print(f"continuous scores   {continuous:8.1f} s")
    print(f"right and wrong     {binary:8.1f} s")
    print(f"scipy.stats         {scipy_seconds:8.1f} s   ({THEIR_RESAMPLES} resamples measured)")
    print(f"times faster        {scipy_seconds / continuous:8.1f}     on continuous scores")
    print(f"peak memory         {peak_gib:8.2f} GiB before scipy's turn")
    print(f"interval's half     {half:.6f} and scipy's {theirs_half:.6f}")


if __name__ == "__main__":
    main()
