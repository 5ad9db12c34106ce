"""Which cells a sentence may speak of, and what they say together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benchmarks.simulation.cells import Cell, mean_of
from benchmarks.simulation.grid import NULLS, SEEDS, UNEVEN

LEVEL, LEAST_OF_ORACLE, LEAST_COVERAGE = 0.05, 0.8, 0.94
PROMISED = ("search", "groups", "unequal", "ceiling", "tails", "wer", "macro_f1")  # families the verdict answers for
RATES = {  # names in error_rates.json -> outcome
    "paired bootstrap": "bca_false",
    "permutation by group": "permutation_false",
    "McNemar exact, first seed": "mcnemar_false",
    "crossed bootstrap": "crossed_bootstrap_false",
}


def error_rates(cells: Sequence[Cell]) -> dict[str, Any]:
    """How often each test beside the verdict is wrong as a claim about configurations, for the reports to quote."""
    own = [cell for cell in cells if cell.setting.family == "resampling"]
    worlds = [cell.setting.world for cell in own]
    return {
        "made_by": "python -m benchmarks.false_winners --table",
        "sweeps_per_cell": own[0].sweeps if own else 0,
        "cells": {
            "accuracy": sorted({cell.setting.level for cell in own}),
            "clips": sorted({world.clips for world in worlds}),
            "seed_spread": sorted({world.seed_spread for world in worlds}),
        },
        "false_positives": {
            test: {
                str(seeds): {"mean": round(mean_of(here, name), 4), "highest": round(worst(here, name)[0], 4)}
                for seeds in SEEDS
                if (here := [cell for cell in own if cell.seeds == seeds and name in cell])
            }
            for test, name in RATES.items()
        },
    }


def null_cells(cells: Iterable[Cell], name: str = "false_claim") -> list[Cell]:
    """Of the families the verdict answers for, where no finalist is better and arms differ in nothing else."""
    return [c for c in cells if c.setting.family in PROMISED and c.setting.landscape in NULLS and name in c]


def promised(cells: Iterable[Cell]) -> list[Cell]:
    """Of the families the verdict answers for: all but arms whose seeds alone differ."""
    return [c for c in cells if c.setting.family in PROMISED and c.setting.landscape not in UNEVEN]


def fixed_margins(cells: Iterable[Cell]) -> list[Cell]:
    """Of several seeds, in which every sweep has one true difference: after a search it depends on who was chosen."""
    return [c for c in promised(cells) if c.setting.family != "search" and c.seeds > 1]


def above_level(cells: Iterable[Cell], name: str) -> list[Cell]:
    """Cells whose 99 % interval lies wholly above 5 %."""
    return [cell for cell in cells if name in cell and cell.interval(name)[0] > LEVEL]


def below_coverage(cells: Iterable[Cell], name: str) -> list[Cell]:
    """Cells whose 99 % interval lies wholly below 94 % (89 % of a 90 % interval)."""
    least = LEAST_COVERAGE - (0.05 if name == "equivalence_covers" else 0.0)
    return [cell for cell in cells if name in cell and cell.interval(name)[1] < least]


def worst(cells: Iterable[Cell], name: str, pick: Callable[..., Any] = max) -> tuple[float, Cell | None]:
    """NaN without cells."""
    here = [(cell.means[name], cell) for cell in cells if name in cell]
    found: tuple[float, Cell | None] = pick(here, key=lambda pair: pair[0], default=(float("nan"), None))
    return found


def share_of_oracle(cells: Iterable[Cell]) -> float:
    """Of the true differences that an oracle who knows the variances finds."""
    real = [cell for cell in cells if "oracle_found" in cell]
    return mean_of(real, "found") / mean_of(real, "oracle_found") if real else float("nan")
