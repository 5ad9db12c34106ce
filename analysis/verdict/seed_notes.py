"""Seeds that break what the verdict promises, where the values show it: sentences to stand beside it.

Simulated sweeps found three (docs/evidence.md): arms of which one alone depends on its seed, runs that collapse, and
shares near their end whose seeds scatter unlike. The verdict's p-value is then too small, or its interval too short on
the far side; no test repairs that with few seeds.
"""

from __future__ import annotations

import numpy as np
from scipy.special import fdtrc, stdtr

from analysis.stats.crossed import seeds_of
from analysis.verdict.arms import Arm

UNLIKE = 0.01  # p-value of an F test below which two arms' seeds are said to scatter unlike
FAR_OFF = 0.05  # p-value of the farthest seed among the others of its arm, times their number
LEAST_FALL = 0.1  # of a metric between 0 and 1: a smaller step is no collapse
NEAR_END = 0.95  # of a share
LESS_ALIKE = 0.5  # ratio of p (1 - p) of two shares


def seed_notes(first: Arm, second: Arm, *, share: bool) -> list[str]:
    """Of two arms on the same seeds, at least 2; `share`: the metric is one, 0 to 1."""
    collapsed = [_collapsed(arm) for arm in (first, second)] if share else []
    notes = [note for note in collapsed if note is not None]
    if not notes and (note := _scatter_unlike(first, second)) is not None:
        notes.append(note)
    if share and (note := _near_the_end(first, second)) is not None:
        notes.append(note)
    return notes


def _collapsed(arm: Arm) -> str | None:
    """One seed that lies far from the others of its arm; needs three."""
    values = np.array(list(arm.values.values()))
    if len(values) < 3:
        return None
    worst = int(np.argmax(np.abs(values - np.median(values))))
    others = np.delete(values, worst)
    fall = abs(float(values[worst] - others.mean()))
    spread = float(others.std(ddof=1)) * np.sqrt(1.0 + 1.0 / len(others))
    p_value = 2.0 * float(stdtr(len(others) - 1, -fall / spread)) if spread > 0.0 else 0.0
    if fall < LEAST_FALL or p_value * len(values) > FAR_OFF:
        return None
    seed = list(arm.values)[worst]
    here = f"{arm.name}: seed {seed} has {values[worst]:.3f}, the others {others.min():.3f} to {others.max():.3f}."
    return (
        f"{here} If such a run can happen to every arm, a few seeds may show it in one only: the difference and its "
        "certainty then rest on that run. Look at it, and add seeds to all arms."
    )


def _scatter_unlike(first: Arm, second: Arm) -> str | None:
    tables = [(arm.by_group, arm.name) for arm in (first, second) if arm.by_group is not None]
    if len(tables) < 2:
        return None
    found = [(float(seeds_of(table).ms_seed), name) for table, name in tables]
    (small, calm), (large, wild) = sorted(found)
    freedom = len(first.values) - 1
    if small <= 0.0:  # an untuned backbone, or nothing to divide by
        return None
    if 2.0 * float(fdtrc(freedom, freedom, large / small)) > UNLIKE:
        return None
    return (
        f"The seeds of {wild} scatter {np.sqrt(large / small):.1f} times as much as those of {calm}. Where "
        "one arm alone depends on its seed, few seeds make more false claims than the level says; add seeds."
    )


def _near_the_end(first: Arm, second: Arm) -> str | None:
    means = [float(np.mean(list(arm.values.values()))) for arm in (first, second)]
    inner = sorted(mean * (1.0 - mean) for mean in means)
    if max(max(means), 1.0 - min(means)) < NEAR_END or inner[1] <= 0.0 or inner[0] >= LESS_ALIKE * inner[1]:
        return None
    return (
        "One of the two is near the end of what the metric can be and the other is not: the interval then understates "
        "how far apart they are more often than it says, and a claim of equivalence is wrong more often."
    )
