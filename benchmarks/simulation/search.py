"""Stage 1 of many simulated sweeps at once: what validation shows, which trials ASHA stops, who the finalists are.

The rules are those of `sweeps.search.pruning.asha` on a machine with two workers and of
`sweeps.search.finalists.choose_finalists`: a test holds the choices equal to theirs, sweep by sweep.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.simulation.worlds import DIFFICULTY_SD, TASTE_SD, World, logistic

EPOCHS, GRACE_EPOCHS, REDUCTION_FACTOR = 9, 1, 3  # rungs after epochs 1 and 3
RUNG_EPOCHS = np.array([1, 3, 9])
PARALLEL_TRIALS = 2
FINALISTS = 2
RUNG_LAGS = (1.0, 0.4, 0.0)  # on the logit, how far below its last skill a trial stands at each rung
LAG_SPREAD = 0.3  # of a trial's own factor on these, on the log
TIE_BREAK = 1e-6  # as `sweeps.worker.job.tie_broken` has it


@dataclass(frozen=True)
class Validation:
    """What stage 1 sees of every trial at every rung, under one seed, and of the baseline at its end."""

    accuracy: np.ndarray  # (R, rungs, T)
    loss: np.ndarray  # (R, rungs, T) a smooth score, smaller is better
    best_right: np.ndarray  # (R, V) booleans, of the trial with the best accuracy at the last rung
    baseline_right: np.ndarray  # (R, V)

    @property
    def objective(self) -> np.ndarray:
        """(R, rungs, T) accuracy with the tie-break."""
        return self.accuracy - TIE_BREAK * (self.loss / (1.0 + self.loss))

    @property
    def best(self) -> np.ndarray:
        """(R,) the trial with the best accuracy at the last rung."""
        return self.accuracy[:, -1].argmax(axis=1)


def validation(world: World, accuracies: np.ndarray, baseline: float, rng: np.random.Generator) -> Validation:
    """`accuracies` (R, T) are the trials' own at their last rung."""
    sweeps, trials = accuracies.shape
    clips = max(2, world.clips // 2)
    skills = np.concatenate([world.skills(accuracies), np.full((sweeps, 1), world.skill(baseline))], axis=1)
    skills = skills + world.seed_spread * rng.standard_normal(skills.shape)
    margin = world.validation_effects(TASTE_SD, (sweeps, trials + 1, clips), rng)
    margin += world.validation_effects(DIFFICULTY_SD, (sweeps, 1, clips), rng)
    margin += skills[..., None].astype(np.float32)
    margin += logistic(margin.shape, rng)
    own = np.exp(LAG_SPREAD * rng.standard_normal((sweeps, trials)))
    mean = margin[:, :-1].mean(axis=-1)
    lags = [lag * own for lag in RUNG_LAGS]
    accuracy = np.stack([(margin[:, :-1] > lag[..., None]).mean(axis=-1) for lag in lags], axis=1)
    loss = np.stack([np.exp(lag - mean) for lag in lags], axis=1)
    best = accuracy[:, -1].argmax(axis=1)
    return Validation(accuracy, loss, margin[np.arange(sweeps), best] > 0, margin[:, -1] > 0)


def completed(objective: np.ndarray) -> np.ndarray:
    """(R, T) whether ASHA lets each trial run to its end; `objective` (R, rungs, T), larger is better.

    Trials start in their order, two at a time; the next result is that of the running one that reaches its rung first,
    of two the one that started earlier.
    """
    sweeps, _, trials = objective.shape
    lanes = np.arange(sweeps)
    seen = np.full((2, sweeps, trials + 1), np.inf)  # results at each rung but the last, ascending
    count = np.zeros((2, sweeps), dtype=int)
    trial = np.full((sweeps, PARALLEL_TRIALS), -1)  # in each worker; -1: free
    started, rung = np.zeros_like(trial), np.zeros_like(trial)
    waiting, now = np.zeros(sweeps, dtype=int), np.zeros(sweeps, dtype=int)
    ended = np.zeros((sweeps, trials), dtype=bool)
    while True:
        for worker in range(PARALLEL_TRIALS):
            takes = (trial[:, worker] < 0) & (waiting < trials)
            trial[takes, worker], started[takes, worker], rung[takes, worker] = waiting[takes], now[takes], 0
            waiting[takes] += 1
        busy = trial >= 0
        if not busy.any():
            return ended
        key = np.where(busy, (started + RUNG_EPOCHS[rung]) * (trials + 1) + trial, np.iinfo(np.int64).max)
        worker = key.argmin(axis=1)
        here = busy.any(axis=1)
        lane, who = lanes[here], worker[here]
        which, at = trial[lane, who], rung[lane, who]
        now[lane] = started[lane, who] + RUNG_EPOCHS[at]
        last = at == len(RUNG_EPOCHS) - 1
        ended[lane[last], which[last]] = True
        stop = last.copy()
        for step in range(2):
            mine = at == step
            rows, values = lane[mine], objective[lane[mine], step, which[mine]]
            n = count[step, rows]
            place = np.maximum(n - 1, 0) * (1.0 - 1.0 / REDUCTION_FACTOR)  # of the quantile among those seen so far
            below = np.floor(place).astype(int)
            low, high = seen[step, rows, below], seen[step, rows, np.minimum(below + 1, np.maximum(n - 1, 0))]
            with np.errstate(invalid="ignore"):
                cutoff = low + (high - low) * (place - below)
            stop[mine] = (n > 0) & (values < cutoff)
            seen[step, rows, n] = values
            seen[step, rows] = np.sort(seen[step, rows], axis=1)
            count[step, rows] += 1
        rung[lane, who] = np.where(stop, 0, at + 1)
        trial[lane[stop], who[stop]] = -1


def finalists(objective: np.ndarray) -> np.ndarray:
    """(R, 2) the best trials that were completed, best first; -1 where there was only one."""
    last = np.where(completed(objective), objective[:, -1], -np.inf)
    order = np.argsort(-last, axis=1, kind="stable")[:, :FINALISTS]
    return np.where(np.isfinite(np.take_along_axis(last, order, axis=1)), order, -1)
