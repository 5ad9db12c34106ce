"""Many simulated sweeps are judged at once; a single one goes through the shipped verdict. The two must agree."""

import numpy as np
import pytest

from analysis.verdict.arms import Arm
from analysis.verdict.comparison import contrast
from analysis.verdict.rule import verdict_of
from benchmarks.simulation.answers import Confirmed, confirmed
from benchmarks.simulation.judging import ALPHA, judge_all
from benchmarks.simulation.settings import Setting
from benchmarks.simulation.worlds import World

EQUAL = {"rel": 1e-12, "abs": 1e-12, "nan_ok": True}
SETTINGS = {
    "clips": Setting("tails", World(60, 1, 0.0, 0.5), 0.8),
    "clips at the ceiling": Setting("ceiling", World(100, 1, 0.0, 1.0), 0.99, "better", 0.09),
    "groups": Setting("groups", World(80, 8, 0.5, 0.5), 0.85, "better", 0.1),
    "one large group": Setting("unequal", World(128, 8, 0.5, 0.0, shape="half"), 0.8),
    "without seed effects": Setting("groups", World(60, 4, 0.9, 0.0), 0.95),
    "words": Setting("wer", World(40, 4, 0.3, 1.0), 0.15, "better", 0.05, metric="wer", detail="runaway"),
    "classes": Setting("macro_f1", World(200, 1, 0.0, 0.5), 0.9, "better", 0.1, metric="macro_f1"),
}


def sweeps_of(setting: Setting, seeds: int, arms: int, count: int = 12) -> Confirmed:
    truths = np.full((count, arms), setting.level)
    truths[:, -1] = setting.baseline
    return confirmed(setting, truths, seeds, np.random.default_rng([seeds, arms])).first(seeds)


def arms_of(sweeps: Confirmed, row: int) -> dict[str, Arm]:
    """One sweep's arms as the verdict takes them."""
    names = [f"finalist {a}" for a in range(sweeps.values.shape[1] - 1)] + ["baseline"]
    found = {}
    for a, name in enumerate(names):
        right = None if sweeps.right is None else sweeps.right[row, a]
        values = dict(enumerate(sweeps.values[row, a].tolist()))
        by_example = None if right is None else right.astype(float)
        found[name] = Arm(name, values, sweeps.by_group[row, a], by_example, right)
    return found


def ends(interval: tuple[float, float] | None) -> tuple[float, float]:
    return (np.nan, np.nan) if interval is None else interval


def number(value: float | None) -> float:
    return np.nan if value is None else value


@pytest.mark.parametrize("seeds", [1, 2, 5])
@pytest.mark.parametrize("arms", [2, 3])
@pytest.mark.parametrize("name", SETTINGS)
def test_judged_together_is_judged_alone(name: str, arms: int, seeds: int) -> None:
    sweeps = sweeps_of(SETTINGS[name], seeds, arms)
    judged = judge_all(sweeps)
    for row in range(len(sweeps.values)):
        own = arms_of(sweeps, row)
        roles = {n: "baseline" if n == "baseline" else "finalist" for n in own}
        found = verdict_of(sweeps.design, own, roles, mode=sweeps.mode, alpha=ALPHA)
        families = [(judged.family, found.against_baseline)]
        if judged.among is not None:
            families.append((judged.among, found.among_finalists))
        alone = contrast(sweeps.design, own["finalist 0"], own["baseline"], alpha=ALPHA)
        families.append((judged.alone, (alone,)))
        for pairs, comparisons in families:
            for place, comparison in enumerate(comparisons):
                assert pairs.difference[row, place] == pytest.approx(comparison.difference, **EQUAL)
                assert pairs.p_value[row, place] == pytest.approx(number(comparison.adjusted_p_value), **EQUAL)
                assert pairs.low[row, place] == pytest.approx(ends(comparison.interval)[0], **EQUAL)
                assert pairs.high[row, place] == pytest.approx(ends(comparison.interval)[1], **EQUAL)
        winner = -1 if found.winner is None else int(found.winner.split()[1])
        assert judged.winner[row] == winner
        for arm, shown in enumerate(found.rows):
            low, high = judged.own_low[row, arm], judged.own_high[row, arm]
            assert (low, high) == pytest.approx(ends(shown.interval), **EQUAL)
