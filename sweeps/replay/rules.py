"""Other stopping rules over recorded learning curves: what each would have spent, and whether it keeps the winner.

Trials take their turns as in a sweep with so many workers, an epoch a turn; the rules are the sweep's own classes. What
a rule lets train longer than was recorded is taken to stay at its last value: it cannot become the winner that way, and
how many trials that concerns is counted. Orders of the trials are drawn at random, since a rule that compares with what
came before depends on luck with the order; the interval of a share is Wilson's.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sweeps.config.pruner_rules import ASHA, HYPERBAND, MEDIAN, NONE
from sweeps.search.pruning import OBJECTIVE
from sweeps.worker.job import tie_broken

STOP = "STOP"


@dataclass(frozen=True)
class Curve:
    """One trial: (objective, validation loss) after each epoch from the first."""

    name: str
    values: tuple[float, ...]
    losses: tuple[float, ...]
    completed: bool

    def at(self, epoch: int, mode: str) -> float:
        """What a rule compares; beyond the record the last value."""
        place = min(epoch, len(self.values)) - 1
        return tie_broken(self.values[place], self.losses[place], mode)


@dataclass(frozen=True)
class Rule:
    """`make` gives a new scheduler, None for training everything; `trials`: only so many are begun."""

    name: str
    make: Callable[[], Any] | None
    trials: int | None = None


@dataclass(frozen=True)
class Recorded:
    """What a sweep's own file says of pruning; `pruner` is a name of `sweeps.config.pruner_rules.PRUNERS`."""

    pruner: str
    grace_epochs: int
    reduction_factor: int


@dataclass(frozen=True)
class Outcome:
    """One replay."""

    epochs: int
    carried: int  # trials that were let train beyond their record
    winner_kept: bool
    given_up: float  # how much worse the best trial that was kept is than the winner


@dataclass(frozen=True)
class Row:
    """A rule over many orders. Shares lie between 0 and 1; intervals are of 95 %."""

    rule: str
    epochs: float  # mean
    epochs_low: float
    epochs_high: float
    saved_share: float  # of training every trial to its end
    winner_lost: float
    winner_lost_low: float
    winner_lost_high: float
    given_up: float  # mean, in the objective's own unit
    worst_given_up: float
    carried: float  # mean

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(eq=False)
class _Trial:
    """What the schedulers know of a trial."""

    trial_id: str


def winner_of(curves: Sequence[Curve], mode: str) -> Curve:
    """The completed trial with the best last value; the first of equals. Raises ValueError where none is completed."""
    completed = [curve for curve in curves if curve.completed]
    if not completed:
        raise ValueError("no completed trial")
    better = max if mode == "max" else min
    return better(completed, key=lambda curve: curve.at(len(curve.values), mode))


def replay(curves: Sequence[Curve], rule: Rule, *, mode: str, epochs: int, workers: int) -> Outcome:
    """One sweep over `curves` in this order; `epochs` are those of a whole trial."""
    winner = winner_of(curves, mode)
    begun = deque(curves[: rule.trials])
    scheduler = None if rule.make is None else rule.make()
    running: deque[tuple[Curve, _Trial, int]] = deque()
    spent, carried, kept = 0, set[str](), list[Curve]()
    while begun or running:
        while begun and len(running) < workers:
            curve = begun.popleft()
            trial = _Trial(curve.name)
            if scheduler is not None:
                scheduler.on_trial_add(None, trial)
            running.append((curve, trial, 0))
        curve, trial, epoch = running.popleft()
        epoch += 1
        spent += 1
        if epoch > len(curve.values):
            carried.add(curve.name)
        result = {"epoch": epoch, OBJECTIVE: curve.at(epoch, mode)}
        if epoch >= epochs or (curve.completed and epoch >= len(curve.values)):
            if scheduler is not None:
                scheduler.on_trial_complete(None, trial, result)
            if curve.completed:
                kept.append(curve)
        elif scheduler is None or scheduler.on_trial_result(None, trial, result) != STOP:
            running.append((curve, trial, epoch))
    best = winner_of(kept, mode) if kept else None
    given_up = math.nan if best is None else abs(winner.values[-1] - best.values[-1])
    return Outcome(spent, len(carried), winner in kept, given_up)


def over_orders(
    curves: Sequence[Curve], rule: Rule, *, mode: str, epochs: int, workers: int, orders: int, seed: int
) -> Row:
    """A rule over random orders of the same trials; every rule meets the same orders."""
    rng = np.random.default_rng(seed)
    found = [
        replay([curves[i] for i in rng.permutation(len(curves))], rule, mode=mode, epochs=epochs, workers=workers)
        for _ in range(orders)
    ]
    spent = np.array([outcome.epochs for outcome in found], dtype=float)
    lost = sum(not outcome.winner_kept for outcome in found)
    low, high = wilson(lost, orders)
    given_up = [outcome.given_up for outcome in found if math.isfinite(outcome.given_up)]
    return Row(
        rule=rule.name,
        epochs=float(spent.mean()),
        epochs_low=float(np.quantile(spent, 0.025)),
        epochs_high=float(np.quantile(spent, 0.975)),
        saved_share=1.0 - float(spent.mean()) / (epochs * len(curves)),
        winner_lost=lost / orders,
        winner_lost_low=low,
        winner_lost_high=high,
        given_up=float(np.mean(given_up)) if given_up else math.nan,
        worst_given_up=float(np.max(given_up)) if given_up else math.nan,
        carried=float(np.mean([outcome.carried for outcome in found])),
    )


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (1927, JASA 22:209)."""
    from scipy.stats import binomtest

    interval = binomtest(successes, trials).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def rules_of(
    *,
    mode: str,
    epochs: int,
    trials: int,
    recorded: Recorded,
    asha: Callable[..., Any],
    hyperband: Callable[..., Any],
    median: Callable[..., Any],
) -> list[Rule]:
    """The sweep's own rule where mean curves are enough for it, no rule at all, other settings of ASHA, Hyperband, the
    median rule, and smaller budgets."""

    def halving(grace: int, factor: int) -> Rule:
        return Rule(f"asha grace {grace}, factor {factor}", lambda: asha(mode, epochs, grace, factor))

    def brackets(grace: int, factor: int) -> Rule:
        return Rule(f"hyperband grace {grace}, factor {factor}", lambda: hyperband(mode, epochs, grace, factor))

    def medians(grace: int) -> Rule:
        return Rule(f"median grace {grace}", lambda: median(mode, grace))

    grace, factor, nothing = recorded.grace_epochs, recorded.reduction_factor, Rule(NONE, None)
    of_name = {ASHA: halving(grace, factor), HYPERBAND: brackets(grace, factor), MEDIAN: medians(grace), NONE: nothing}
    own = of_name.get(recorded.pruner)
    graces = [each for each in sorted({1, 2, grace, max(1, epochs // 2)}) if each < epochs]
    others = [nothing, *(halving(grace, factor) for grace in graces for factor in (2, 3, 4))]
    others += [brackets(grace, factor) for grace in graces[:1] for factor in (2, 3, 4)] + [medians(g) for g in graces]
    found = [rule for rule in others if own is None or rule.name != own.name]
    if own is None:
        return found
    found.insert(own is not nothing, Rule(f"{own.name} (as run)", own.make))
    for share in (4, 2):
        if trials // share >= 1 and trials > 1:
            found.append(Rule(f"as run, {trials // share} trials", own.make, trials // share))
    return found
