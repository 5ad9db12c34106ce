"""Many simulated searches at once: ASHA and the choice of finalists are those that are shipped."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.simulation.search import (
    EPOCHS,
    FINALISTS,
    GRACE_EPOCHS,
    PARALLEL_TRIALS,
    REDUCTION_FACTOR,
    RUNG_EPOCHS,
    finalists,
    validation,
)
from benchmarks.simulation.worlds import World
from sweeps.config.spec import FinalistsSpec
from sweeps.search.finalists import Explored, choose_finalists
from sweeps.worker.job import tie_broken
from trainables.config import TrialConfig

GROUPED = World(clips=200, clips_per_group=4, within_group=0.3, seed_spread=0.5)
PLAIN = World(clips=100, clips_per_group=1, within_group=0.0, seed_spread=0.0)


def shipped(accuracy: np.ndarray, loss: np.ndarray) -> list[Explored]:
    """(rungs, T) each: the scheduler of `sweeps.search.pruning` with two workers, then `choose_finalists`."""
    from sweeps.search.pruning import asha

    scheduler = asha("max", EPOCHS, GRACE_EPOCHS, REDUCTION_FACTOR)
    waiting = [SimpleNamespace(trial_id=str(index), rung=0) for index in reversed(range(accuracy.shape[1]))]
    running: list[Any] = []
    explored, now = [], 0
    while waiting or running:
        while waiting and len(running) < PARALLEL_TRIALS:
            running.append(waiting.pop())
            running[-1].started = now
            scheduler.on_trial_add(None, running[-1])
        trial = min(running, key=lambda trial: trial.started + RUNG_EPOCHS[trial.rung])  # the next at its rung
        epoch = int(RUNG_EPOCHS[trial.rung])
        now = trial.started + epoch
        index = int(trial.trial_id)
        value = float(accuracy[trial.rung, index])
        objective = tie_broken(value, float(loss[trial.rung, index]), "max")
        trial.rung += 1
        if scheduler.on_trial_result(None, trial, {"epoch": epoch, "objective": objective}) != scheduler.STOP:
            continue
        running.remove(trial)
        status = "completed" if epoch == EPOCHS else "pruned"
        config = TrialConfig(backbone="simulated", model_size="-", rank=index + 1)
        explored.append(Explored(trial.trial_id, config, {}, status, epoch, value, objective))
    return choose_finalists(explored, FinalistsSpec(count=FINALISTS), mode="max", baseline_id="baseline")


@pytest.mark.parametrize("trials", [1, 8, 24, 64])
@pytest.mark.parametrize("world", [GROUPED, PLAIN])
def test_finalists_are_those_that_the_shipped_rules_choose(world: World, trials: int) -> None:
    seen = validation(world, np.full((15, trials), 0.8), 0.8, np.random.default_rng(trials))
    together = finalists(seen.objective)
    for row in range(15):
        alone = [int(trial.trial_id) for trial in shipped(seen.accuracy[row], seen.loss[row])]
        assert [index for index in together[row] if index >= 0] == alone


def test_selection_is_optimistic() -> None:
    """Among equal trials the chosen one's validation score exceeds the truth: what the second stage is there for."""
    seen = validation(PLAIN, np.full((40, 16), 0.8), 0.8, np.random.default_rng(6))
    best = finalists(seen.objective)[:, 0]
    assert np.mean(seen.accuracy[np.arange(40), -1, best] - 0.8) > 0.03
    assert (seen.best_right.mean(axis=1) == seen.accuracy[np.arange(40), -1, seen.best]).all()
