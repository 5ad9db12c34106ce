"""How often the tests that stand beside the verdict find a difference between configurations that are equal.

    python -m benchmarks.error_rates                 writes analysis/compare/error_rates.json (15 min. on a core)
    python -m benchmarks.error_rates --sweeps 20     a quick look; writes nothing

Two configurations of the same accuracy over new seeds and clips, from the generator of `benchmarks.simulation.sweeps`:
accuracy 0.8; 64, 200 and 1,000 clips; seed spread 0, 0.5 and 1 on the logit. A test is wrong where it is significant at
5 %: taken as a claim about the configurations, which is more than most of these tests claim. The verdict's own rates:
`python -m benchmarks.false_winners`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from itertools import product
from pathlib import Path

import numpy as np

from analysis.predictions.metrics import METRICS
from analysis.stats.paired_binary import PairedCounts, mcnemar_exact
from analysis.stats.resampling import crossed_bootstrap, paired_bootstrap, permutation
from benchmarks.simulation.sweeps import World, confirm_answers

CLIPS, SPREADS, SEEDS = (64, 200, 1000), (0.0, 0.5, 1.0), (1, 2, 3, 5, 10)
ACCURACY, LEVEL, SWEEPS, RESAMPLES = 0.8, 0.05, 400, 599
TARGET = Path(__file__).parents[1] / "analysis" / "compare" / "error_rates.json"


def significant(right: np.ndarray, rng: np.random.Generator) -> dict[str, bool]:
    """Which tests find a difference between the two arms; `right` is (2, S, N)."""
    seeds = right.shape[1]
    sums = np.stack([right, np.ones_like(right)], axis=-1).astype(float).transpose(2, 0, 1, 3)  # (N, 2, S, 2)
    statistic = METRICS["accuracy"].value
    permuted = permutation(sums, statistic, rng=rng, exchanges=RESAMPLES).p_value
    mcnemar = mcnemar_exact(PairedCounts.of(right[0, 0], right[1, 0]))
    paired = paired_bootstrap(sums, statistic, alpha=LEVEL, rng=rng, resamples=RESAMPLES).interval
    found = {
        "paired bootstrap": _excludes_zero(paired),
        "permutation by group": permuted is not None and permuted <= LEVEL,
        "McNemar exact, first seed": mcnemar is not None and mcnemar <= LEVEL,
    }
    if seeds > 1:
        both = crossed_bootstrap(sums, statistic, alpha=LEVEL, rng=rng, resamples=RESAMPLES).interval
        found["crossed bootstrap"] = _excludes_zero(both)
    return found


def _excludes_zero(interval: tuple[float, float] | None) -> bool:
    return interval is not None and not interval[0] <= 0.0 <= interval[1]


def measure(sweeps: int) -> dict[str, dict[str, dict[str, float]]]:
    """test -> seeds -> mean and highest share of wrong sweeps over the cells."""
    shares: dict[str, dict[int, list[float]]] = {}
    for cell, (clips, spread, seeds) in enumerate(product(CLIPS, SPREADS, SEEDS)):
        rng = np.random.Generator(np.random.SFC64([404, cell]))
        world = World(clips, clips_per_group=1, within_group=0.0, seed_spread=spread)
        wrong: dict[str, int] = {}
        for _ in range(sweeps):
            answers = confirm_answers(world, np.array([ACCURACY, ACCURACY]), seeds, rng)
            for test, found in significant(answers.right, rng).items():
                wrong[test] = wrong.get(test, 0) + found
        for test, count in wrong.items():
            shares.setdefault(test, {}).setdefault(seeds, []).append(count / sweeps)
        print(f"{clips} clips, spread {spread}, {seeds} seeds: {wrong} of {sweeps}", file=sys.stderr, flush=True)
    return {
        test: {str(seeds): {"mean": float(np.mean(cells)), "highest": max(cells)} for seeds, cells in by_seeds.items()}
        for test, by_seeds in shares.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sweeps", type=int, default=SWEEPS, help="simulated comparisons per cell")
    sweeps = parser.parse_args().sweeps
    started = time.perf_counter()
    found = {
        "made_by": "python -m benchmarks.error_rates",
        "sweeps_per_cell": sweeps,
        "cells": {"accuracy": ACCURACY, "clips": CLIPS, "seed_spread": SPREADS},
        "false_positives": measure(sweeps),
    }
    text = json.dumps(found, indent=1) + "\n"
    print(text)
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
    if sweeps >= SWEEPS:
        TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
