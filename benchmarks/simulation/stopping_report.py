"""What stopping a confirmation as soon as it may comes to, beside the same confirmations at their full length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.simulation.cells import Cell, mean_of
from benchmarks.simulation.report import bracket, named, percent, table
from benchmarks.simulation.summary import above_level, below_coverage, null_cells, promised, worst

COVERS = {
    "stop_covers": ("covers", "the finalists against the baseline, both at once"),
    "stop_among_covers": ("among_covers", "between the finalists"),
    "stop_own_covers": ("own_covers", "each arm's own"),
}


def stopping_numbers(cells: Sequence[Cell]) -> dict[str, Any]:
    """Seeds -> what is quoted of them."""
    here = [cell for cell in promised(cells) if "stop_runs" in cell]
    return {str(seeds): _numbers([c for c in here if c.seeds == seeds]) for seeds in sorted({c.seeds for c in here})}


def _numbers(cells: Sequence[Cell]) -> dict[str, Any]:
    null = null_cells(cells, "stop_false")
    real = [cell for cell in cells if "oracle_found" in cell]
    found = {
        "cells": len(cells),
        "runs": mean_of(cells, "stop_runs"),
        "runs_null": mean_of(null, "stop_runs"),
        "false": mean_of(null, "stop_false"),
        "false_worst": worst(null, "stop_false")[0],
        "false_above": len(above_level(null, "stop_false")),
        "false_fixed": mean_of(null, "false_claim"),
        "power": mean_of(real, "stop_found") / mean_of(real, "found") if real else float("nan"),
        "covers": mean_of(cells, "stop_covers"),
        "covers_worst": worst(cells, "stop_covers", min)[0],
        "covers_below": len(below_coverage(cells, "stop_covers")),
        "covers_fixed": mean_of(cells, "covers"),
        "covers_fixed_below": len(below_coverage(cells, "covers")),
        "bias": mean_of(cells, "stop_bias"),
    }
    return {name: round(value, 4) for name, value in found.items()}


def stopping_tables(cells: Sequence[Cell]) -> str:
    """For FALSE_WINNERS.md."""
    return f"{_by_seeds(stopping_numbers(cells))}\n\n{_coverage(cells)}\n\n{_collapse(cells)}"


def _by_seeds(numbers: Mapping[str, Any]) -> str:
    header = (
        "seeds planned",
        "cells",
        "runs, share of all",
        "where nothing differs",
        "false claims",
        "worst cell",
        "cells wholly above 5 %",
        "at full length",
        "found, share of full length",
        "bias of a difference, points",
    )
    return table(header, [_row(seeds, n) for seeds, n in numbers.items()])


def _row(seeds: str, n: Mapping[str, Any]) -> list[str]:
    return [
        seeds,
        f"{n['cells']:,}",
        percent(n["runs"]),
        percent(n["runs_null"]),
        percent(n["false"]),
        percent(n["false_worst"]),
        str(n["false_above"]),
        percent(n["false_fixed"]),
        percent(n["power"]),
        f"{100 * n['bias']:+.2f}",
    ]


def _coverage(cells: Sequence[Cell]) -> str:
    rows = []
    for name, (fixed, words) in COVERS.items():
        for seeds in sorted({cell.seeds for cell in cells if name in cell}):
            here = [cell for cell in promised(cells) if cell.seeds == seeds and name in cell]
            share, hardest = worst(here, name, min)
            if hardest is None:
                continue
            rows.append(
                [
                    words,
                    str(seeds),
                    percent(mean_of(here, name)),
                    f"{percent(share)} {bracket(hardest, name)} ({named(hardest)})",
                    str(len(below_coverage(here, name))),
                    percent(mean_of(here, fixed)),
                    str(len(below_coverage(here, fixed))),
                ]
            )
    header = ("95 % interval", "seeds planned", "covers", "worst cell", "below 94 %", "at full length", "below 94 %")
    return table(header, rows)


def _collapse(cells: Sequence[Cell]) -> str:
    rows = []
    for who in sorted({cell.setting.landscape for cell in cells if cell.setting.family == "collapse"}):
        for seeds in sorted({cell.seeds for cell in cells if "stop_false" in cell}):
            here = [
                c for c in cells if c.setting.family == "collapse" and c.setting.landscape == who and c.seeds == seeds
            ]
            words = "every arm collapses" if who == "equal" else who
            shares = [
                mean_of(here, name) for name in ("stop_false", "false_claim", "stop_winner_false", "false_winner")
            ]
            rows.append([words, str(seeds), *map(percent, shares)])
    header = ("who collapses", "seeds planned", "false claims", "at full length", "false winners", "at full length")
    return table(header, rows)


def stopping_section(n: Mapping[str, Any]) -> str:
    """For docs/evidence.md, of `numbers_of`."""
    rows = [
        [
            seeds,
            percent(each["runs"]),
            percent(each["runs_null"]),
            f"{percent(each['false'])}, {percent(each['false_worst'])} ({percent(each['false_fixed'])})",
            percent(each["power"]),
            f"{percent(each['covers'])}, {percent(each['covers_worst'])} ({percent(each['covers_fixed'])})",
        ]
        for seeds, each in n["stopping"].items()
    ]
    header = (
        "seeds planned",
        "runs, of all",
        "where nothing differs",
        "false claims, worst cell (at full length)",
        "found, of what the full length finds",
        "intervals cover, worst cell (at full length)",
    )
    return table(header, rows)
