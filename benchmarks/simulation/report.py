"""What `benchmarks.false_winners` measured, in tables."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from benchmarks.simulation.cells import Cell, Simulated, mean_of
from benchmarks.simulation.grid import COLLAPSING, DIFFERENCES, FAMILIES, NULLS, SEEDS, UNEVEN
from benchmarks.simulation.summary import (
    LEAST_OF_ORACLE,
    PROMISED,
    above_level,
    below_coverage,
    fixed_margins,
    null_cells,
    promised,
    share_of_oracle,
    worst,
)

INTERVALS = {
    "covers": "the finalists against the baseline, both at once",
    "among_covers": "between the finalists",
    "alone_covers": "of two configurations, by analysis.compare",
    "own_covers": "each arm's own",
    "equivalence_covers": "of equivalence (90 %)",
}
BESIDE_INTERVALS = {
    "newcombe_covers": "Newcombe, one seed",
    "tango_covers": "Tango, one seed",
    "bca_covers": "bootstrap over groups, BCa",
    "crossed_bootstrap_covers": "crossed bootstrap",
    "counts_covers": "counts: Student's t over seeds",
    "spread_covers": "counts: each arm's own, over seeds",
    "hartung_knapp_covers": "counts: Hartung-Knapp",
    "dersimonian_laird_covers": "counts: DerSimonian-Laird (not given)",
    "fixed_effect_covers": "counts: fixed effect (not given)",
    "zou_covers": "Zou and jackknife, correlations",
}
BESIDE_TESTS = {
    "mcnemar_false": "McNemar on one seed, as a claim about configurations",
    "naive_false": "the best validation score, tested on the same clips",
    "bca_false": "bootstrap over groups, BCa, as a claim about configurations",
    "permutation_false": "permutation by group, as a claim about configurations",
    "crossed_bootstrap_false": "crossed bootstrap",
    "friedman_false": "Friedman over test groups",
    "iman_davenport_false": "Iman-Davenport",
    "nemenyi_false": "Nemenyi, any pair",
    "equivalence_false": "equivalence, margin at the true difference",
    "williams_false": "Williams, correlations",
    "steiger_false": "Steiger, correlations",
    "paired_false": "the verdict's rule with seeds paired across arms (not given)",
}


def markdown(found: Sequence[Simulated]) -> str:
    cells = [cell for each in found for cell in each.cells]
    sweeps = max(cell.sweeps for cell in cells)
    parts = [
        "# False winners",
        "What `python -m benchmarks.false_winners --table` writes: simulated sweeps in which the truth is known,\n"
        "through the shipped statistics. [docs/evidence.md](../docs/evidence.md#does-the-verdict-hold) says what was\n"
        "simulated and what to make of it.",
        f"{len(cells):,} cells ({len(found)} settings at up to {len(SEEDS)} numbers of seeds) of {sweeps:,} sweeps "
        f"each, {min(cell.sweeps for cell in cells)} where tests draw again. Brackets are 99 % intervals "
        "(Clopper-Pearson).",
        "## Where no finalist is better\n\n" + _null_families(cells),
        "### After a search, in detail\n\n"
        + _null_table([c for c in null_cells(cells) if c.setting.family == "search"]),
        "### What breaks it: seeds that matter to one arm only\n\n" + _uneven_table(cells),
        "### What breaks it: runs that collapse\n\n" + _collapse_table(cells),
        "## Where a finalist is better\n\n" + _power_families(cells),
        "### After a search, in detail\n\n"
        + _power_table([c for c in cells if _searched(c) and c.setting.landscape == "better"]),
        "## Intervals\n\nBelow: cells whose 99 % interval lies wholly below 94 % (89 % for equivalence).\n\n"
        + _coverage_table(cells),
        "## What stands beside the verdict\n\n" + _beside_table(cells),
    ]
    return "\n\n".join(parts) + "\n"


def _null_families(cells: Sequence[Cell]) -> str:
    rows = []
    for family in (*PROMISED, ""):
        here = [c for c in null_cells(cells) if family in ("", c.setting.family)]
        for name, words in (("false_claim", "verdict"), ("alone_false", "two arms, analysis.compare")):
            share, hardest = worst(here, name)
            if hardest is None:
                continue
            winners = percent(mean_of(here, "false_winner")) if name == "false_claim" else "-"
            rows.append(
                [
                    FAMILIES.get(family, "all"),
                    words,
                    str(len(here)),
                    percent(mean_of(here, name)),
                    winners,
                    f"{percent(share)} {bracket(hardest, name)} ({named(hardest)})",
                    str(len(above_level(here, name))),
                ]
            )
    header = ("family", "by", "cells", "false claims", "false winners", "worst cell", "cells wholly above 5 %")
    return table(header, rows)


def _null_table(null: Sequence[Cell]) -> str:
    nulls = ("all equal", "worst cell", "tied with the best", "worst cell")
    header = ("seeds", "clips", "seed spread", *nulls)
    rows = []
    for seeds, clips, spread in product(SEEDS, *_levels(null)):
        here = _at(null, seeds, clips, spread)
        row = [str(seeds), f"{clips:,}", f"{spread:g}"]
        for landscape in NULLS:
            group = [cell for cell in here if cell.setting.landscape == landscape]
            row += [percent(mean_of(group, "false_claim")), percent(worst(group, "false_claim")[0])]
        rows.append(row)
    return table(header, rows)


def _uneven_table(cells: Sequence[Cell]) -> str:
    rows = []
    for landscape, seeds in product(UNEVEN, SEEDS[1:]):
        here = [c for c in cells if c.setting.landscape == landscape and c.seeds == seeds]
        words = "the baseline alone has no spread" if landscape == "steady" else "the baseline alone has one"
        rows.append([words, str(seeds), *_broken(here)])
    return table(("seeds' spread", "seeds", *BROKEN), rows)


def _collapse_table(cells: Sequence[Cell]) -> str:
    rows = []
    for who, seeds in product((*COLLAPSING, "equal"), SEEDS[1:]):
        for q in (0.05, 0.1, 0.2):
            here = [
                c
                for c in cells
                if c.setting.family == "collapse"
                and (c.setting.landscape, c.seeds, c.setting.collapse) == (who, seeds, q)
            ]
            words = "every arm collapses" if who == "equal" else who
            rows.append([words, f"{100 * q:g} %", str(seeds), percent((1.0 - q) ** seeds), *_broken(here)])
    return table(("who", "in each run", "seeds", "never seen", *BROKEN), rows)


BROKEN = ("false claims", "worst cell", "false winners", "two arms", "intervals cover", "worst cell")


def _broken(here: Sequence[Cell]) -> list[str]:
    return [
        percent(mean_of(here, "false_claim")),
        percent(worst(here, "false_claim")[0]),
        percent(mean_of(here, "false_winner")),
        percent(mean_of(here, "alone_false")),
        percent(mean_of(here, "covers")),
        percent(worst(here, "covers", min)[0]),
    ]


def _power_families(cells: Sequence[Cell]) -> str:
    rows = []
    for family, seeds in product((*PROMISED, ""), SEEDS[1:]):
        here = [c for c in cells if family in ("", c.setting.family) and c.seeds == seeds and "oracle_found" in c]
        if not here:
            continue
        clear = [c for c in here if c.means["oracle_found"] >= 0.1]
        below = sum(c.means["found"] < LEAST_OF_ORACLE * c.means["oracle_found"] for c in clear)
        rows.append(
            [
                FAMILIES.get(family, "all"),
                str(seeds),
                percent(mean_of(here, "found")),
                percent(mean_of(here, "oracle_found")),
                percent(share_of_oracle(here)),
                f"{below} of {len(clear)}",
            ]
        )
    header = ("family", "seeds", "found", "an oracle finds", "share of the oracle's", "cells below 80 % of it")
    return table(header, rows)


def _power_table(real: Sequence[Cell]) -> str:
    header = ["seeds", "clips", "seed spread"]
    for difference in DIFFERENCES:
        header += [f"{100 * difference:g} points: found", "oracle"]
    rows = []
    for seeds, clips, spread in product(SEEDS[1:], *_levels(real)):
        here = _at(real, seeds, clips, spread)
        row = [str(seeds), f"{clips:,}", f"{spread:g}"]
        for difference in DIFFERENCES:
            group = [cell for cell in here if cell.setting.difference == difference]
            row += [percent(mean_of(group, name)) for name in ("found", "oracle_found")]
        rows.append(row)
    return table(header, rows)


def _coverage_table(cells: Sequence[Cell]) -> str:
    rows = []
    for name, words in INTERVALS.items():
        for family in PROMISED:
            for several in (False, True):
                here = [
                    c for c in promised(cells) if c.setting.family == family and (c.seeds > 1) == several and name in c
                ]
                rows += _coverage_row(words, FAMILIES[family], "2 to 10" if several else "1", here, name)
    for name, words in BESIDE_INTERVALS.items():
        here = [c for c in cells if name in c and c.setting.landscape not in (*UNEVEN, *COLLAPSING)]
        rows += _coverage_row(words, "all", "", here, name)
    header = ("95 % interval", "family", "seeds", "cells", "covers", "worst cell", "below", "mean width")
    return table(header, rows)


def _coverage_row(words: str, family: str, seeds: str, here: Sequence[Cell], name: str) -> list[list[str]]:
    share, hardest = worst(here, name, min)
    if hardest is None:
        return []
    width = mean_of(here, name.replace("covers", "width"))
    return [
        [
            words,
            family,
            seeds,
            str(len(here)),
            percent(mean_of(here, name)),
            f"{percent(share)} {bracket(hardest, name)} ({named(hardest)})",
            str(len(below_coverage(here, name))),
            "-" if width != width else f"{width:.3f}",
        ]
    ]


def _beside_table(cells: Sequence[Cell]) -> str:
    rows = []
    for name, words in BESIDE_TESTS.items():
        here = [c for c in cells if name in c and c.setting.landscape not in (*UNEVEN, *COLLAPSING)]
        if name == "equivalence_false":
            here = fixed_margins(here)
        else:
            here = [c for c in here if c.setting.difference == 0.0 and c.setting.family != "collapse"]
        share, hardest = worst(here, name)
        if hardest is not None:
            rows.append(
                [
                    words,
                    str(len(here)),
                    percent(mean_of(here, name)),
                    f"{percent(share)} {bracket(hardest, name)} ({named(hardest)})",
                    str(len(above_level(here, name))),
                ]
            )
    return table(("test", "cells", "false claims", "worst cell", "cells wholly above 5 %"), rows)


def _searched(cell: Cell) -> bool:
    return cell.setting.family == "search"


def _levels(cells: Sequence[Cell]) -> tuple[list[int], list[float]]:
    worlds = [cell.setting.world for cell in cells]
    return sorted({world.clips for world in worlds}), sorted({world.seed_spread for world in worlds})


def _at(cells: Sequence[Cell], seeds: int, clips: int, spread: float) -> list[Cell]:
    return [
        cell
        for cell in cells
        if (cell.seeds, cell.setting.world.clips, cell.setting.world.seed_spread) == (seeds, clips, spread)
    ]


def named(cell: Cell) -> str:
    """The cell in words."""
    setting, world = cell.setting, cell.setting.world
    parts = [f"{cell.seeds} seed{'s' if cell.seeds > 1 else ''}", f"{world.clips:,} clips"]
    if world.clips_per_group > 1:
        shape = {"equal": "", "half": ", one with half of all", "zipf": ", sizes as 1 / rank"}[world.shape]
        parts.append(f"{world.groups} groups{shape} (intraclass {world.within_group:g})")
    parts += [f"seed spread {world.seed_spread:g}", f"{setting.metric.replace('_', ' ')} {setting.level:g}"]
    if setting.difference:
        parts.append(f"{setting.difference:g} better")
    elif setting.landscape != "equal":
        parts.append(setting.landscape)
    if world.tails != "normal":
        parts.append("heavy tails")
    return ", ".join([*parts, *([setting.detail] if setting.detail else [])])


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def bracket(cell: Cell, name: str) -> str:
    low, high = cell.interval(name)
    return f"[{100 * low:.1f}, {100 * high:.1f}]"


def percent(share: float) -> str:
    return "-" if share != share else f"{100 * share:.1f} %"
