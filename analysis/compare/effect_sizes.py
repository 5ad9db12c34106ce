"""How large a difference is, whatever its p-value.

* the difference itself, in the metric's unit: always the first thing to read (`Comparison.difference`)
* Cohen's d of paired values (1988, d_z): the mean difference over its standard deviation, over seeds and over groups
* matched-pairs rank-biserial correlation (King and Minium 2003; Kerby 2014): share of favourable minus unfavourable
  rank sums, -1 to 1
* odds of the discordant examples and Cohen's g: `paired_binary.discordant_odds`

Limit: over two or three seeds a standard deviation is hardly known, and d_z with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from analysis.stats.paired_binary import PairedCounts, discordant_odds
from analysis.stats.ties import RELATIVE, ranks, tied
from analysis.verdict.comparison import Comparison


@dataclass(frozen=True)
class Effect:
    """One effect size; positive where the first is larger. `value` is None where it is not defined."""

    name: str
    scope: str
    value: float | None
    interval: tuple[float | None, float | None] | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def cohen_d(differences: np.ndarray) -> float | None:
    """Mean over standard deviation of (n,) paired differences; None without spread or with fewer than two."""
    spread = float(np.std(differences, ddof=1)) if len(differences) > 1 else 0.0
    return (
        float(np.mean(differences)) / spread if spread > 1e-12 * float(np.abs(differences).max(initial=0.0)) else None
    )


def rank_biserial(differences: np.ndarray) -> float | None:
    """Of (n,) paired differences, zeros and what is not defined left out; None where nothing remains.

    Sizes that differ by rounding share a rank.
    """
    known = differences[np.isfinite(differences)]
    values = known[np.abs(known) > RELATIVE * np.abs(known).max(initial=0.0)]
    if not len(values):
        return None
    by_size = ranks(tied(np.abs(values)))
    return float((np.sign(values) * by_size).sum() / by_size.sum())


def effects(
    comparison: Comparison,
    by_group: np.ndarray | None,
    counts: Mapping[int, PairedCounts],
    *,
    alpha: float,
    within: np.ndarray | None = None,
) -> list[Effect]:
    """`by_group` (G,) differences averaged over seeds, or None; `counts` seed -> right and wrong, or nothing.

    `within` (G,) differences of the metric on each group's own examples.
    """
    first, second = comparison.first_values, comparison.second_values
    by_seed = np.array([first[seed] - second[seed] for seed in first])
    found = []
    if len(by_seed) > 1:
        found.append(Effect("Cohen's d over seeds", "", cohen_d(by_seed)))
    if by_group is not None:
        found.append(Effect("Cohen's d over test groups", "", cohen_d(by_group)))
    if within is not None:
        found.append(Effect("rank-biserial correlation over test groups", "", rank_biserial(within)))
    for seed, each in counts.items():
        odds = discordant_odds(each, alpha)
        found.append(
            Effect(
                "odds ratio of discordant examples",
                f"seed {seed}",
                odds.odds_ratio if odds else None,
                odds.interval if odds else None,
            )
        )
        found.append(Effect("Cohen's g", f"seed {seed}", odds.cohen_g if odds else None))
    return found
