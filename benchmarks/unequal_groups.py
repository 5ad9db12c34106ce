"""Unequal test groups, one difference: which degrees of freedom, and which variance, hold and still find something?

    python -m benchmarks.unequal_groups

Group means of standard deviation 1 in all (intraclass correlation `icc`), groups of which one has half of all clips or
of sizes as 1 / rank. Three rules: the verdict's (the groups' own jackknife variance, on as many degrees of freedom as
the equal groups that they weigh like, less one); the same variance on Satterthwaite's for such groups (Bell and
McCaffrey 2002, Survey Methodology 28:169); and a variance that takes large groups to scatter like small ones, on
groups - 1.
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from analysis.predictions.align import effective_number

DRAWS, LEAD = 4000, 2.5  # of a true difference, in standard deviations of the mean
CLIPS = 8  # a group, on average


def sizes(shape: str, groups: int) -> np.ndarray:
    """(G,) clips."""
    if shape == "half":
        return np.array([CLIPS * groups / 2, *[CLIPS * groups / 2 / (groups - 1)] * (groups - 1)])
    ranks = 1.0 / np.arange(1, groups + 1)
    return np.maximum(np.round(CLIPS * groups * ranks / ranks.sum()), 1.0)


def rules(clips: np.ndarray, icc: float, rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """name -> (false claims, what is found of what an oracle finds)."""
    groups, weight = len(clips), clips / clips.sum()
    spread = np.sqrt(icc + (1.0 - icc) / clips)
    values = rng.standard_normal((DRAWS, groups)) * spread
    mean, error = values @ weight, np.sqrt((weight**2 * spread**2).sum())
    rest = (mean[:, None] - weight * values) / (1.0 - weight)  # the mean without each group
    jackknife = (groups - 1) / groups * ((weight * (values - rest)) ** 2).sum(axis=1)
    shift = np.where(np.eye(groups, dtype=bool), weight, -np.outer(weight / (1.0 - weight), weight))
    form = (groups - 1) / groups * shift.T @ shift * np.outer(spread, spread)
    within = (1.0 - icc) / clips
    between = np.maximum(values.var(axis=1, ddof=1) - within.mean(), 0.0)
    alike = between * (weight**2).sum() + (weight**2 * within).sum()
    lead = LEAD * error
    oracle = np.mean(mean + lead > 1.959964 * error)
    found = {}
    for name, variance, freedom in (
        ("the verdict's", jackknife, max(effective_number(clips) - 1.0, 1.0)),
        ("Satterthwaite", jackknife, np.trace(form) ** 2 / np.trace(form @ form)),
        ("groups alike", alike, groups - 1.0),
    ):
        reach = -stdtrit(freedom, 0.025) * np.sqrt(variance)
        found[name] = (float(np.mean(np.abs(mean) > reach)), float(np.mean(mean + lead > reach) / oracle))
    return found


def main() -> None:
    rng = np.random.default_rng(0)
    rows: dict[str, list[tuple[float, float]]] = {}
    for shape in ("half", "zipf"):
        for groups in (9, 16, 30, 60):
            for icc in (0.1, 0.5, 0.9):
                for name, found in rules(sizes(shape, groups), icc, rng).items():
                    rows.setdefault(name, []).append(found)
                    told = f"false {found[0]:6.1%}  of the oracle's {found[1]:4.0%}"
                    print(f"{shape} {groups:3} icc {icc}  {name:14} {told}")
    for name, found in rows.items():
        false, power = np.array(found).T
        ends = f"of the oracle's {power.min():.0%} to {power.max():.0%}"
        print(f"{name}: false {false.min():.1%} to {false.max():.1%}, {ends}")


if __name__ == "__main__":
    main()
