"""Every sentence of README and docs that states a simulated rate: made from the numbers of `false_winners.json`.

The sentences stand between two marks in their files. `python -m benchmarks.false_winners --table` writes them there,
and a test holds what stands there equal to what the numbers give.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.simulation.cells import Cell, Simulated, mean_of
from benchmarks.simulation.grid import COLLAPSING, SEEDS, UNEVEN
from benchmarks.simulation.report import named, percent, table
from benchmarks.simulation.stopping_report import stopping_numbers, stopping_section
from benchmarks.simulation.summary import (
    above_level,
    below_coverage,
    error_rates,
    fixed_margins,
    null_cells,
    promised,
    share_of_oracle,
    worst,
)

BEGIN, END = "<!-- rates: written by python -m benchmarks.false_winners --table -->", "<!-- end of rates -->"
COVERAGES = {
    "covers": "the finalists against the baseline, both at once",
    "among_covers": "between the finalists",
    "alone_covers": "two configurations, by analysis.compare",
    "own_covers": "each arm's own",
}
TESTS = {
    "crossed bootstrap": "crossed bootstrap over seeds and groups",
    "paired bootstrap": "paired bootstrap over groups, BCa",
    "permutation by group": "permutation by whole group",
    "McNemar exact, first seed": "McNemar exact, under one seed",
}
WIDTH = 130  # of a line of prose
Numbers = Mapping[str, Any]


def numbers_of(found: Sequence[Simulated]) -> dict[str, Any]:
    """What the sentences quote."""
    cells = [cell for each in found for cell in each.cells]
    null = null_cells(cells)
    several = [cell for cell in null if cell.seeds > 1]
    searched = [cell for cell in null if cell.setting.family == "search"]
    return {
        "settings": len(found),
        "cells": len(cells),
        "sweeps": max(cell.sweeps for cell in cells),
        "null": {"cells": len(null), **_claims(null, "false_claim")},
        "two_arms": _claims(several, "alone_false"),
        "false_winner": mean_of(null, "false_winner"),
        "naive": _claims(searched, "naive_false"),
        "mcnemar": _claims(searched, "mcnemar_false"),
        "uneven": {
            landscape: _claims([c for c in cells if c.setting.landscape == landscape and c.seeds > 1], "false_claim")
            for landscape in UNEVEN
        },
        "collapse": {
            who: _claims([c for c in cells if c.setting.landscape == who and c.seeds > 1], "false_claim")
            for who in COLLAPSING
        },
        "power": {str(seeds): _power([c for c in cells if c.seeds == seeds]) for seeds in SEEDS[1:]},
        "power_unequal": {
            str(seeds): _power([c for c in cells if c.seeds == seeds and c.setting.family == "unequal"])
            for seeds in SEEDS[1:]
        },
        "covers": {name: _coverage([c for c in promised(cells) if c.seeds > 1], name) for name in COVERAGES},
        "equivalence": _claims(fixed_margins(cells), "equivalence_false"),
        "stopping": stopping_numbers(cells),
        "beside": error_rates(cells),
    }


def _claims(cells: Sequence[Cell], name: str) -> dict[str, Any]:
    here = [cell for cell in cells if name in cell]
    return {**_mean_and_worst(here, name, max), "above": len(above_level(here, name)), "of": len(here)}


def _coverage(cells: Sequence[Cell], name: str) -> dict[str, Any]:
    here = [cell for cell in cells if name in cell]
    return {**_mean_and_worst(here, name, min), "below": len(below_coverage(here, name)), "of": len(here)}


def _mean_and_worst(cells: Sequence[Cell], name: str, pick: Callable[..., Any]) -> dict[str, Any]:
    share, hardest = worst(cells, name, pick)
    where = "" if hardest is None else named(hardest)
    return {"mean": _rounded(mean_of(cells, name)), "worst": _rounded(share), "where": where}


def _power(cells: Sequence[Cell]) -> dict[str, float]:
    real = [cell for cell in cells if "oracle_found" in cell]
    names = {"found": mean_of(real, "found"), "oracle": mean_of(real, "oracle_found"), "share": share_of_oracle(real)}
    return {name: _rounded(value) for name, value in names.items()}


def _rounded(value: float) -> float:
    return round(value, 4)


def paragraph(*sentences: str) -> str:
    return textwrap.fill(" ".join(sentences), WIDTH, break_long_words=False, break_on_hyphens=False)


def readme(n: Numbers) -> str:
    fallen = max(n["collapse"][who]["worst"] for who in COLLAPSING)
    uneven = max(n["uneven"][landscape]["worst"] for landscape in UNEVEN)
    null = n["null"]
    return paragraph(
        f"In simulated sweeps where no finalist is better, this verdict claims a difference in {percent(null['mean'])}",
        f"of them (worst of {null['of']:,} kinds {percent(null['worst'])}); the best validation score, tested on the",
        f"same clips, does so in {percent(n['naive']['mean'])}, and McNemar's test on one seed in",
        f"{percent(n['mcnemar']['mean'])}. {_stopped(n)} What breaks it: one arm whose runs sometimes collapse (up to",
        f"{percent(fallen)}) or alone depend on their seed (up to {percent(uneven)}); near 0.99, against a much lower",
        f"share, its intervals cover down to {percent(n['covers']['covers']['worst'])} ([evidence](docs/evidence.md)).",
    )


def _stopped(n: Numbers) -> str:
    found = n["stopping"]["5"]
    return (
        f"Stopped as soon as it is decided, with five seeds planned, it takes {percent(found['runs'])} of the runs and "
        f"finds {percent(found['power'])} of what all of them find; false claims {percent(found['false'])}."
    )


def verdict_section(n: Numbers) -> str:
    null, two = n["null"], n["two_arms"]
    rows = [
        [
            f"false claims where no finalist is better, mean of {null['of']:,} cells",
            f"{percent(null['mean'])}; a false winner {percent(n['false_winner'])}",
        ],
        ["worst of these cells", f"{percent(null['worst'])} ({null['where']})"],
        ["of them with a 99 % interval wholly above 5 %", str(null["above"])],
        [
            f"two arms, by analysis.compare, {two['of']:,} cells",
            f"{percent(two['mean'])}, worst {percent(two['worst'])}; {two['above']} wholly above 5 %",
        ],
        [
            "the best validation score, tested on the same clips",
            f"{percent(n['naive']['mean'])}, worst cell {percent(n['naive']['worst'])}",
        ],
        ["McNemar on one seed", f"{percent(n['mcnemar']['mean'])}, worst cell {percent(n['mcnemar']['worst'])}"],
    ]
    head = table((f"{n['cells']:,} cells ({n['settings']} settings) of up to {n['sweeps']:,} sweeps", ""), rows)
    power = table(
        ("seeds", "a true difference is found", "by an oracle that knows the variances", "share of the oracle's"),
        [[s, *(percent(p[k]) for k in ("found", "oracle", "share"))] for s, p in n["power"].items()],
    )
    unequal = ", ".join(f"{percent(p['share'])} at {s}" for s, p in n["power_unequal"].items())
    covers = table(
        ("95 % interval, 2 seeds and more", "covers", "worst cell", "cells with a 99 % interval wholly below 94 %"),
        [
            [
                COVERAGES[name],
                percent(c["mean"]),
                f"{percent(c['worst'])} ({c['where']})",
                f"{c['below']} of {c['of']:,}",
            ]
            for name, c in n["covers"].items()
        ],
    )
    steady, restless = n["uneven"]["steady"], n["uneven"]["restless"]
    one, other = (n["collapse"][who] for who in COLLAPSING)
    equivalence = n["equivalence"]
    broken = paragraph(
        "**What breaks them: seeds that matter to one arm only.** Equal configurations, of which the baseline alone",
        f"does not depend on its seed: false claims of {percent(steady['mean'])}, worst cell",
        f"{percent(steady['worst'])}. The other way round, where it is the only one that depends on it:",
        f"{percent(restless['mean'])}, worst cell",
        f"{percent(restless['worst'])}. Runs that fall to chance with probability 5 % to 20 %, in one finalist alone:",
        f"{percent(one['mean'])}, worst cell {percent(one['worst'])}; in the baseline alone: {percent(other['mean'])},",
        f"worst cell {percent(other['worst'])}. Few seeds cannot tell such arms apart: where the values show it (a",
        "seed far from the others, seeds that scatter unlike), a note stands beside the verdict. A claim of",
        f"equivalence at a margin equal to the true difference is wrong in {percent(equivalence['mean'])}, worst cell",
        f"{percent(equivalence['worst'])} ({equivalence['where']}).",
    )
    return (
        f"{head}\n\n{power}\n\nWith unequal test groups the verdict is cautious: of the oracle's it finds {unequal} "
        f"seeds.\n\n{covers}\n\n{broken}"
    )


def beside_section(n: Numbers) -> str:
    beside = n["beside"]
    rates = beside["false_positives"]
    rows = [
        [
            words,
            *(
                f"{100 * rates[name][str(s)]['mean']:.0f} %, up to {100 * rates[name][str(s)]['highest']:.0f} %"
                if str(s) in rates.get(name, {})
                else "-"
                for s in SEEDS
            ),
        ]
        for name, words in TESTS.items()
    ]
    accuracies, clips = (
        ", ".join(f"{value:,}" for value in np.atleast_1d(beside["cells"][key])) for key in ("accuracy", "clips")
    )
    spreads = ", ".join(f"{spread:g}" for spread in beside["cells"]["seed_spread"])
    words = paragraph(
        f"Two configurations that are equal over new seeds and clips, {beside['sweeps_per_cell']} simulated",
        f"comparisons a cell (accuracy {accuracies}; {clips} clips; seed spread {spreads} on the logit): how often",
        "each is significant at 5 %, mean over the cells and the worst.",
    )
    return f"{words}\n\n" + table(("seeds", *map(str, SEEDS)), rows)


SECTIONS: Mapping[str, Sequence[Callable[[Numbers], str]]] = {
    "README.md": (readme,),
    "docs/evidence.md": (stopping_section, verdict_section, beside_section),
}


def written(text: str, sections: Sequence[Callable[[Numbers], str]], n: Numbers) -> str:
    """`text` with the sections between its marks, in order. Raises ValueError where there are more or fewer marks."""
    pattern = re.compile(re.escape(BEGIN) + r"\n.*?" + re.escape(END), flags=re.DOTALL)
    if len(pattern.findall(text)) != len(sections):
        raise ValueError(f"{len(pattern.findall(text))} pairs of marks for {len(sections)} sections")
    made = iter(sections)
    return pattern.sub(lambda _: f"{BEGIN}\n{next(made)(n)}\n{END}", text)


def write(root: Path, n: Numbers) -> None:
    for name, sections in SECTIONS.items():
        path = root / name
        path.write_text(written(path.read_text(encoding="utf-8"), sections, n), encoding="utf-8")
