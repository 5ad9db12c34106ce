"""One simulated sweep through the shipped rules: ASHA, the choice of finalists, the verdict; and what it found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.special import bdtr, ndtr

from analysis.predictions.pseudovalues import mean_pseudovalues
from analysis.stats.crossed import crossed
from analysis.stats.multiplicity import holm
from analysis.stats.paired_binary import PairedCounts, newcombe, tango
from analysis.verdict.arms import Arm, Design
from analysis.verdict.comparison import Comparison, contrast
from analysis.verdict.result import Verdict
from analysis.verdict.rule import verdict_of
from benchmarks.simulation.sweeps import Answers, Validation, World, confirm_answers, true_components, validation
from sweeps.config.spec import FinalistsSpec
from sweeps.search.finalists import Explored, choose_finalists
from sweeps.worker.job import tie_broken
from trainables.config import TrialConfig

EPOCHS, GRACE_EPOCHS, REDUCTION_FACTOR = 9, 1, 3  # rungs after epochs 1 and 3
RUNG_EPOCHS = (1, 3, 9)
PARALLEL_TRIALS = 2
FINALISTS = FinalistsSpec(count=2)
BASELINE = "baseline"
ALPHA = 0.05
WORSE = (0.02, 0.05, 0.1)  # how far the also-rans stand below the best, in turn


@dataclass(frozen=True)
class Setting:
    """One line of the grid; its sweeps are judged at several numbers of confirm seeds."""

    world: World
    accuracy: float  # the best configuration's
    trials: int
    landscape: str  # equal | tied | steady | restless | better
    difference: float = 0.0  # the best configuration's minus the baseline's; 0 but in `better`

    @property
    def baseline(self) -> float:
        return self.accuracy - self.difference

    def spreads(self, arms: int) -> np.ndarray:
        """(A,) of seed effects, the baseline last: steady is one without any, restless the only one with any."""
        spreads = np.full(arms, 0.0 if self.landscape == "restless" else self.world.seed_spread)
        if self.landscape in ("steady", "restless"):
            spreads[-1] = self.world.seed_spread - spreads[-1]
        return spreads

    def accuracies(self) -> np.ndarray:
        """(T,) all alike, or in tied and better every fourth trial, at least one, the best and the rest below it."""
        if self.landscape not in ("tied", "better"):
            return np.full(self.trials, self.accuracy)
        rest = [self.accuracy - WORSE[index % len(WORSE)] for index in range(self.trials)]
        return np.array([self.accuracy if index % 4 == 0 else value for index, value in enumerate(rest)])


def simulate(setting: Setting, seed_counts: Sequence[int], rng: np.random.Generator) -> dict[int, dict[str, float]]:
    """One sweep, judged at each number of confirm seeds: the first so many of the same runs. Names as in `_judged`."""
    world = setting.world
    accuracies = setting.accuracies()[rng.permutation(setting.trials)]
    seen = validation(world, accuracies, setting.baseline, rng)
    finalists = [int(trial.trial_id) for trial in chosen(seen, setting.trials)]
    truths = np.array([*accuracies[finalists], setting.baseline])
    answers = confirm_answers(world, truths, max(seed_counts), rng, spreads=setting.spreads(len(truths)))
    beside = {
        **_naive(seen, int(np.argmax(seen.accuracy[-1])), accuracies, setting.baseline),
        **_one_seed(world, truths, answers),
    }
    return {seeds: {**_judged(world, truths, answers, seeds), **beside} for seeds in seed_counts}


def chosen(seen: Validation, trials: int) -> list[Explored]:
    """Stage 1 on a machine with two workers: the scheduler of `sweeps.search.pruning`, then `choose_finalists`."""
    from sweeps.search.pruning import asha

    scheduler = asha("max", EPOCHS, GRACE_EPOCHS, REDUCTION_FACTOR)
    waiting = [SimpleNamespace(trial_id=str(index), rung=0) for index in reversed(range(trials))]
    running: list[Any] = []
    explored, now = [], 0
    while waiting or running:
        while waiting and len(running) < PARALLEL_TRIALS:
            running.append(waiting.pop())
            running[-1].started = now
            scheduler.on_trial_add(None, running[-1])
        trial = min(running, key=lambda trial: trial.started + RUNG_EPOCHS[trial.rung])  # the next at its rung
        now = trial.started + RUNG_EPOCHS[trial.rung]
        index, epoch = int(trial.trial_id), RUNG_EPOCHS[trial.rung]
        value, loss = float(seen.accuracy[trial.rung, index]), float(seen.loss[trial.rung, index])
        objective = tie_broken(value, loss, "max")
        trial.rung += 1
        if scheduler.on_trial_result(None, trial, {"epoch": epoch, "objective": objective}) != scheduler.STOP:
            continue
        running.remove(trial)
        status = "completed" if epoch == EPOCHS else "pruned"
        config = TrialConfig(backbone="simulated", model_size="-", rank=index + 1)
        explored.append(Explored(trial.trial_id, config, {}, status, epoch, value, objective))
    return choose_finalists(explored, FINALISTS, mode="max", baseline_id=BASELINE)


def arms_of(world: World, answers: Answers, seeds: int) -> tuple[Design, dict[str, Arm]]:
    """The first `seeds` runs of every arm as the verdict takes them; the last arm is the baseline."""
    numbers = world.group_numbers(world.clips)
    names = [*(f"finalist {rank}" for rank in range(1, len(answers.right))), BASELINE]
    arms = {n: _arm(n, right[:seeds], numbers, world.groups) for n, right in zip(names, answers.right, strict=True)}
    return Design("test accuracy", world.clips, world.groups, world.groups, ()), arms


def judge(design: Design, arms: Mapping[str, Arm]) -> Verdict:
    """The shipped verdict."""
    return verdict_of(design, arms, {n: BASELINE if n == BASELINE else "finalist" for n in arms}, alpha=ALPHA)


def _arm(name: str, right: np.ndarray, numbers: np.ndarray, groups: int) -> Arm:
    scores = right.astype(float)
    values = {seed: float(value) for seed, value in enumerate(scores.mean(axis=1))}
    by_group = scores if groups == len(numbers) else mean_pseudovalues(scores, numbers, groups)
    return Arm(name, values, by_group, scores, right)


def _judged(world: World, truths: np.ndarray, answers: Answers, seeds: int) -> dict[str, float]:
    """What one verdict found against the truth, 1.0 or 0.0; widths in accuracy; NaN where it does not apply."""
    design, arms = arms_of(world, answers, seeds)
    found = judge(design, arms)
    true_of = dict(zip((row.name for row in found.rows), truths, strict=True))
    paired = _paired(answers, seeds, world)
    gaps = {c.first: float(true_of[c.first] - true_of[c.second]) for c in found.against_baseline}
    family = found.against_baseline
    alone = contrast(design, arms["finalist 1"], arms[BASELINE], alpha=ALPHA)  # what analysis.compare gives of two
    among = [(c.interval, float(true_of[c.first] - true_of[c.second])) for c in found.among_finalists]
    return {
        "false_claim": float(any(_is_false(c, gaps[c.first]) for c in family)),
        "false_winner": float(found.winner is not None and gaps[found.winner] <= 0.0),
        "false_among": float(any(_is_false(c, true_of[c.first] - true_of[c.second]) for c in found.among_finalists)),
        "better_present": float(any(gap > 0.0 for gap in gaps.values())),
        "found": float(any(c.favours("max") == c.first and gaps[c.first] > 0.0 for c in family)),
        "oracle_found": float(_oracle_finds(world, truths, family, seeds)),
        "paired_false": float(
            any(p <= ALPHA and _wrong(d, gap) for (p, d), gap in zip(paired, gaps.values(), strict=True))
        ),
        "paired_found": float(
            any(p <= ALPHA and d > 0.0 < gap for (p, d), gap in zip(paired, gaps.values(), strict=True))
        ),
        "family_covers": float(all(_covers(c.interval, gaps[c.first]) for c in family)),
        "family_width": float(np.mean([_width(c.interval) for c in family])),
        "among_covers": float(all(_covers(*pair) for pair in among)) if among else np.nan,
        "among_width": float(np.mean([_width(interval) for interval, _ in among])) if among else np.nan,
        "alone_covers": float(_covers(alone.interval, gaps["finalist 1"])),
        "alone_width": _width(alone.interval),
    }


def _paired(answers: Answers, seeds: int, world: World) -> list[tuple[float, float]]:
    """(Holm's p-value, difference) of each finalist by `crossed.crossed`, which pairs the arms' seeds."""
    right = answers.right[:, :seeds].reshape(len(answers.right), seeds, world.groups, -1).mean(axis=3)
    estimates = [crossed(arm - right[-1]) for arm in right[:-1]]
    adjusted = holm([estimate.p_value for estimate in estimates])
    return [(1.0 if p is None else p, e.mean) for p, e in zip(adjusted, estimates, strict=True)]


def _one_seed(world: World, truths: np.ndarray, answers: Answers) -> dict[str, float]:
    """The first finalist against the baseline on one seed: McNemar's test, and the intervals for these two models."""
    design, arms = arms_of(world, answers, 1)
    alone = contrast(design, arms["finalist 1"], arms[BASELINE], alpha=ALPHA)
    counts = PairedCounts.of(answers.right[0, 0], answers.right[-1, 0])
    significant = mcnemar_p(counts) <= ALPHA
    gap = float(truths[0] - truths[-1])
    model_gap = float(answers.model_accuracy[0, 0] - answers.model_accuracy[-1, 0])
    found = {
        "mcnemar_false": float(significant and _wrong(_lead(counts), gap)),
        "mcnemar_found": float(significant and _lead(counts) > 0 and gap > 0.0),
        "one_seed_covers": float(_covers(alone.interval, model_gap)),
        "one_seed_width": _width(alone.interval),
    }
    for name, interval in (("newcombe", newcombe), ("tango", tango)):
        ends = interval(counts, ALPHA) if world.clips_per_group == 1 else None
        found[f"{name}_covers"] = np.nan if ends is None else float(_covers(ends, model_gap))
        found[f"{name}_width"] = _width(ends)
    return found


def _naive(seen: Validation, best: int, accuracies: np.ndarray, baseline: float) -> dict[str, float]:
    """The trial with the best validation score against the baseline, tested on the clips that chose it."""
    counts = PairedCounts.of(seen.right[best], seen.baseline_right)
    significant = mcnemar_p(counts) <= ALPHA
    gap = float(accuracies[best] - baseline)
    return {
        "naive_false": float(significant and _wrong(_lead(counts), gap)),
        "naive_found": float(significant and _lead(counts) > 0 and gap > 0.0),
    }


def _oracle_finds(world: World, truths: np.ndarray, family: Sequence[Comparison], seeds: int) -> bool:
    """The z-test with the true variances, Holm over the same finalists, on the same predictions."""
    p_values = []
    for comparison, truth in zip(family, truths, strict=False):
        of_seeds, of_groups, residual = true_components(world, float(truth), float(truths[-1]))
        variance = of_seeds / seeds + of_groups / world.groups + residual / (seeds * world.groups)
        p_values.append(2.0 * float(ndtr(-abs(comparison.difference) / math.sqrt(variance))))
    return any(
        p is not None and p <= ALPHA and c.difference > 0.0 and truth > truths[-1]
        for p, c, truth in zip(holm(p_values), family, truths, strict=False)
    )


def mcnemar_p(counts: PairedCounts) -> float:
    """That of `paired_binary.mcnemar_exact`, by the symmetry of the binomial; 1 where no example divides the two."""
    smaller = min(counts.only_first, counts.only_second)
    return min(1.0, 2.0 * float(bdtr(smaller, counts.discordant, 0.5))) if counts.discordant else 1.0


def _lead(counts: PairedCounts) -> int:
    return counts.only_first - counts.only_second


def _is_false(comparison: Comparison, gap: float) -> bool:
    return comparison.significant and _wrong(comparison.difference, gap)


def _wrong(difference: float, gap: float) -> bool:
    """A claimed direction that is not the true one; between equals any direction is wrong."""
    return difference * gap <= 0.0


def _covers(interval: tuple[float, float] | None, truth: float) -> bool:
    """An interval that cannot be given claims nothing, and so misses nothing."""
    return interval is None or interval[0] <= truth <= interval[1]


def _width(interval: tuple[float, float] | None) -> float:
    return float("nan") if interval is None else interval[1] - interval[0]
