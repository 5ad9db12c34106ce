"""Many confirmations that stop early are judged at once; a single one goes through the shipped looks and verdict."""

import numpy as np
import pytest

from analysis.verdict.account import Account
from analysis.verdict.arms import Arm
from analysis.verdict.interim import interim
from analysis.verdict.rule import verdict_of
from benchmarks.simulation.judging import ALPHA
from benchmarks.simulation.stopping import stop_all
from tests.benchmarks.simulation.test_judging import EQUAL, SETTINGS, arms_of, ends, sweeps_of


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("arms", [2, 3])
@pytest.mark.parametrize("name", SETTINGS)
def test_stopped_together_is_stopped_alone(name: str, arms: int, seeds: int) -> None:
    sweeps = sweeps_of(SETTINGS[name], seeds, arms)
    together, account = stop_all(sweeps), Account.of(seeds, ALPHA)
    for row in range(len(sweeps.values)):
        whole = arms_of(sweeps, row)
        roles = {n: "baseline" if n == "baseline" else "finalist" for n in whole}
        kept: dict[str, Arm] = {}
        still = tuple(n for n, role in roles.items() if role == "finalist")
        for look in account.looks:
            kept |= {n: whole[n].of(list(range(look))) for n in (*still, "baseline")}
            if look == account.planned:
                break
            found = interim(sweeps.design, kept, roles, account, still=still, mode=sweeps.mode)
            still = found.open
            if not still:
                break
        assert together.seeds[row].tolist() == [len(kept[n].values) for n in whole]
        found = verdict_of(sweeps.design, kept, roles, mode=sweeps.mode, alpha=ALPHA, interim=account.looks)
        for place, comparison in enumerate(found.against_baseline):
            claim = np.sign(comparison.difference) if comparison.significant else 0.0
            assert together.shown[row, place] == claim
            assert together.difference[row, place] == pytest.approx(comparison.difference, **EQUAL)
            low_high = together.low[row, place], together.high[row, place]
            assert low_high == pytest.approx(ends(comparison.interval), **EQUAL)
        if together.among is not None:
            (pair,) = found.among_finalists
            claim, low, high = (part[row] for part in together.among)
            assert claim == (np.sign(pair.difference) if pair.significant else 0.0)
            assert (low, high) == pytest.approx(ends(pair.interval), **EQUAL)
        own = together.own_low[row], together.own_high[row]
        assert own == pytest.approx(ends(found.rows[0].interval), **EQUAL)
