"""What `benchmarks.false_winners` measured, in tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from benchmarks.simulation.grid import (
    CLIPS,
    DIFFERENCES,
    NULLS,
    SEED_SPREADS,
    SEEDS,
    UNEVEN,
    Cell,
    pooled,
    pooled_false_interval,
    share_interval,
)

LEVEL, MOST_POOLED, LEAST_OF_ORACLE, LEAST_COVERAGE = 0.05, 0.06, 0.8, 0.94
INTERVALS = {
    "family_covers": "the finalists against the baseline, both at once",
    "among_covers": "between the finalists",
    "alone_covers": "of two configurations, by analysis.compare",
    "one_seed_covers": "one seed, of these two models: as the verdict gives it",
    "newcombe_covers": "one seed, of these two models: Newcombe",
    "tango_covers": "one seed, of these two models: Tango",
}
OF_ALL_SEEDS = ("family_covers", "among_covers", "alone_covers")


def as_json(cells: Sequence[Cell], seconds: float) -> dict[str, Any]:
    null = [cell for cell in cells if cell.setting.landscape in NULLS]
    share, low, high = pooled_false_interval(null)
    return {
        "seconds": round(seconds, 1),
        "sweeps_per_cell": cells[0].sweeps,
        "null_cells": len(null),
        "false_claims": {"pooled": share, "interval_99": [low, high], "cells_above": len(above_level(null))},
        "holds": not above_level(null) and high <= MOST_POOLED,
        "naive_false": pooled(null, "naive_false"),
        "mcnemar_false": pooled(null, "mcnemar_false"),
        **{f"{landscape}_false": pooled(of_landscape(cells, landscape), "false_claim") for landscape in UNEVEN},
        "share_of_oracle": share_of_oracle(of_landscape(cells, "better")),
        "cells": [cell.row() for cell in cells],
    }


def of_landscape(cells: Sequence[Cell], landscape: str) -> list[Cell]:
    return [cell for cell in cells if cell.setting.landscape == landscape]


def share_of_oracle(real: Sequence[Cell]) -> float:
    """Of the true differences that an oracle who knows the variances finds."""
    return pooled(real, "found") / pooled(real, "oracle_found")


def above_level(cells: Iterable[Cell], name: str = "false_claim") -> list[Cell]:
    """Cells whose 99 % interval lies wholly above 5 %."""
    return [cell for cell in cells if share_interval(cell.means[name], cell.sweeps)[0] > LEVEL]


def worst(cells: Iterable[Cell], name: str) -> float:
    """NaN without cells."""
    return max((cell.means[name] for cell in cells), default=float("nan"))


def markdown(cells: Sequence[Cell], seconds: float) -> str:
    null = [cell for cell in cells if cell.setting.landscape in NULLS]
    real = of_landscape(cells, "better")
    promised = [cell for cell in cells if cell.setting.landscape not in UNEVEN]
    parts = [
        f"{len(cells)} cells of {cells[0].sweeps} sweeps each, {seconds / 60:.0f} minutes.",
        "## Where no finalist is better\n\n" + _null_summary(null),
        _null_table(null),
        "### Where the baseline alone has no spread over seeds\n\n" + _uneven_table(of_landscape(cells, "steady")),
        "### Where the baseline alone has one\n\n" + _uneven_table(of_landscape(cells, "restless")),
        "## Where a finalist is better\n\n" + _power_summary(real),
        _power_table(real),
        "## Intervals\n\n" + _coverage_table(promised),
    ]
    return "\n\n".join(parts) + "\n"


def _null_summary(null: Sequence[Cell]) -> str:
    share, low, high = pooled_false_interval(null)
    above = above_level(null)
    hardest = max(null, key=lambda cell: cell.means["false_claim"])
    holds = not above and high <= MOST_POOLED

    def both(name: str) -> str:
        return f"{_p(pooled(null, name))}, worst cell {_p(worst(null, name))}"

    lines = [
        f"False claims, pooled over {len(null)} cells: {_p(share)} (99 % interval {_p(low)} to {_p(high)}); "
        f"cells whose 99 % interval lies wholly above 5 %: {len(above)}; worst cell {_p(hardest.means['false_claim'])} "
        f"({_named(hardest)}). **{'Holds' if holds else 'Does not hold'}.**",
        f"Of them a false *winner* (a finalist named better that is not): {_p(pooled(null, 'false_winner'))}. "
        f"Between finalists: {_p(pooled(null, 'false_among'))}.",
        f"On the same sweeps: the best validation score tested on the same clips {both('naive_false')}; McNemar on one "
        f"seed {both('mcnemar_false')}; seeds paired across the arms {both('paired_false')}.",
    ]
    lines += [f"- above 5 %: {_named(cell)}: {_p(cell.means['false_claim'])}" for cell in above]
    return "\n\n".join(lines[:3]) + ("\n\n" + "\n".join(lines[3:]) if above else "")


def _null_table(null: Sequence[Cell]) -> str:
    nulls = ("all equal", "worst cell", "tied with the best", "worst cell")
    header = ("seeds", "clips", "seed spread", *nulls, "best validation", "McNemar, one seed")
    rows = []
    for seeds, clips, spread in product(SEEDS, CLIPS, SEED_SPREADS):
        here = _at(null, seeds, clips, spread)
        if not here:
            continue
        by = [[cell for cell in here if cell.setting.landscape == landscape] for landscape in NULLS]
        row = [str(seeds), f"{clips:,}", f"{spread:g}"]
        for group in by:
            row += [_p(pooled(group, "false_claim")), _p(worst(group, "false_claim"))]
        rows.append([*row, _p(pooled(here, "naive_false")), _p(pooled(here, "mcnemar_false"))])
    return _table(header, rows)


def _uneven_table(uneven: Sequence[Cell]) -> str:
    """Outside what the verdict promises: skewed accuracies, and a spread that only one of two arms has."""
    rows = []
    for seeds, spread in product(SEEDS, SEED_SPREADS[1:]):
        here = [cell for cell in uneven if cell.seeds == seeds and cell.setting.world.seed_spread == spread]
        row = [str(seeds), f"{spread:g}"]
        for name in ("false_claim", "paired_false"):
            row += [_p(pooled(here, name)), _p(worst(here, name))]
        least = min((cell.means["family_covers"] for cell in here), default=float("nan"))
        rows.append([*row, _p(pooled(here, "family_covers")), _p(least)])
    shares = ("false claims", "worst cell", "seeds paired", "worst cell", "intervals cover", "worst cell")
    return _table(("seeds", "seed spread", *shares), rows)


def _power_summary(real: Sequence[Cell]) -> str:
    lines = [f"- all: {_p(share_of_oracle(real))} of what the oracle finds."]
    for seeds in SEEDS:
        here = [cell for cell in real if cell.seeds == seeds]
        below = [
            cell
            for cell in here
            if cell.means["oracle_found"] >= 0.1 and cell.means["found"] < LEAST_OF_ORACLE * cell.means["oracle_found"]
        ]
        lines.append(
            f"- {seeds} seeds: found {_p(pooled(here, 'found'))}, oracle {_p(pooled(here, 'oracle_found'))}: "
            f"{_p(share_of_oracle(here))} of what the oracle finds; below 80 % of it in {len(below)} of "
            f"{len(here)} cells. Seeds paired across the arms: "
            f"{_p(pooled(here, 'paired_found') / pooled(here, 'oracle_found'))}."
        )
    return "\n".join(lines)


def _power_table(real: Sequence[Cell]) -> str:
    header = ["seeds", "clips", "seed spread"]
    for difference in DIFFERENCES:
        header += [f"{100 * difference:g} points: found", "oracle", "best validation", "McNemar"]
    rows = []
    for seeds, clips, spread in product(SEEDS, CLIPS, SEED_SPREADS):
        here = _at(real, seeds, clips, spread)
        if not here:
            continue
        row = [str(seeds), f"{clips:,}", f"{spread:g}"]
        for difference in DIFFERENCES:
            group = [cell for cell in here if cell.setting.difference == difference]
            row += [_p(pooled(group, name)) for name in ("found", "oracle_found", "naive_found", "mcnemar_found")]
        rows.append(row)
    return _table(header, rows)


def _coverage_table(cells: Sequence[Cell]) -> str:
    """Every kind of interval that a report gives. Those of one seed are the same at every number of confirm seeds:
    they are counted once a setting. Significantly: the 99 % interval of what was simulated lies below 94 % too."""
    rows = []
    for name, words in INTERVALS.items():
        once = name not in OF_ALL_SEEDS
        for seeds in SEEDS[:1] if once else SEEDS:
            here = [cell for cell in cells if cell.seeds == seeds and cell.means[name] == cell.means[name]]
            hardest = min(here, key=lambda cell: cell.means[name])
            below = [cell for cell in here if cell.means[name] < LEAST_COVERAGE]
            surely = sum(share_interval(cell.means[name], cell.sweeps)[1] < LEAST_COVERAGE for cell in below)
            width = name.replace("covers", "width")
            rows.append(
                [
                    words,
                    "1" if once else str(seeds),
                    _p(pooled(here, name)),
                    f"{_p(hardest.means[name])} ({_named(hardest)})",
                    f"{len(below)} of {len(here)}",
                    str(surely),
                    _p(pooled(here, width)) if width in hardest.means else "",
                ]
            )
    header = ("95 % interval", "seeds", "covers", "worst cell", "cells below 94 %", "significantly", "mean width")
    return _table(header, rows)


def _at(cells: Sequence[Cell], seeds: int, clips: int, spread: float) -> list[Cell]:
    return [
        cell
        for cell in cells
        if (cell.seeds, cell.setting.world.clips, cell.setting.world.seed_spread) == (seeds, clips, spread)
    ]


def _named(cell: Cell) -> str:
    setting, world = cell.setting, cell.setting.world
    groups = f"groups of {world.clips_per_group}, " if world.clips_per_group > 1 else ""
    return (
        f"{cell.seeds} seeds, {world.clips} clips, {groups}seed spread {world.seed_spread:g}, accuracy "
        f"{setting.accuracy:g}, {setting.trials} trials, {setting.landscape}"
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---:|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _p(share: float) -> str:
    return "-" if share != share else f"{100 * share:.1f} %"
