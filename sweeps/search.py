"""Who proposes and who prunes: Optuna's TPE (Bergstra et al. 2011) and ASHA (Li et al. 2020, arXiv 1810.05934).

Both are rebuilt from a stage's journal by doing again, in order, what it tells: the sampler is asked and told as it
was, so that its history and its random state are those of the sweep that was interrupted, and every result is shown to
the scheduler again, so that its rungs are whole.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Protocol

import optuna
from ray.tune.schedulers import ASHAScheduler

from sweeps.progress import StageProgress
from sweeps.space import propose
from sweeps.spec import SweepSpec

OBJECTIVE = "objective"


class Proposals(Protocol):
    """Where the next trial of a stage comes from."""

    @property
    def exhausted(self) -> bool: ...

    def next(self) -> tuple[str, Mapping[str, Any]] | None:
        """A new trial's name and what it is given; None where there is no further one."""

    def tell(self, name: str, result: Mapping[str, Any] | None) -> None:
        """A trial is over; `result` is its last one, None where it failed."""


class OptunaProposals:
    """TPE over the file's axes, seeded by the first exploration seed."""

    def __init__(self, spec: SweepSpec, *, parallel_trials: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = optuna.samplers.TPESampler(
                seed=spec.explore_seeds[0],
                n_startup_trials=max(10, 2 * parallel_trials),
                multivariate=True,
                group=True,
                constant_liar=True,
            )
        direction = "maximize" if spec.mode == "max" else "minimize"
        self.study = optuna.create_study(sampler=sampler, pruner=optuna.pruners.NopPruner(), direction=direction)
        for point in spec.warm_start:
            self.study.enqueue_trial(dict(point))
        self.spec = spec
        self.space = propose(spec)
        self.asked: dict[str, optuna.Trial] = {}

    @property
    def exhausted(self) -> bool:
        return len(self.asked) >= self.spec.trials

    def next(self) -> tuple[str, Mapping[str, Any]] | None:
        if self.exhausted:
            return None
        name = f"trial_{len(self.asked):05d}"
        self.asked[name] = self.study.ask()
        return name, self.space(self.asked[name])

    def tell(self, name: str, result: Mapping[str, Any] | None) -> None:
        trial = self.asked[name]
        if result is None:
            self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            self.study.tell(trial, result[OBJECTIVE])

    def replay(self, progress: StageProgress) -> None:
        """Asks and tells again what the journal has."""
        for event in progress.events:
            name = event["trial"]
            if event["event"] == "asked":
                self.asked[name] = self.study.ask()
                given = self.space(self.asked[name])
                if given != event["given"]:
                    raise RuntimeError(f"{name}: the sampler now proposes {given}, and had proposed {event['given']}")
            elif event["event"] == "failed":
                self.tell(name, None)
            elif event["last"]:
                self.tell(name, event["result"])


def make_scheduler(spec: SweepSpec) -> ASHAScheduler:
    """One bracket: a trial is stopped at a rung when it is not among the best 1/reduction_factor seen there so far."""
    return ASHAScheduler(
        time_attr="epoch",
        metric=OBJECTIVE,
        mode=spec.mode,
        max_t=max(spec.train.epochs, spec.grace_epochs),
        grace_period=spec.grace_epochs,
        reduction_factor=spec.reduction_factor,
        brackets=1,
    )


def replay_rungs(scheduler: ASHAScheduler, progress: StageProgress) -> None:
    """Shows the scheduler every result that the journal has, in order. Trials that go on stay known by their name."""
    for event in progress.events:
        trial: Any = SimpleNamespace(trial_id=event["trial"])
        if event["event"] == "asked":
            scheduler.on_trial_add(None, trial)
        elif event["event"] == "failed":
            scheduler.on_trial_remove(None, trial)
        else:
            if not event["result"]["done"]:
                scheduler.on_trial_result(None, trial, event["result"])
            if event["last"]:
                scheduler.on_trial_complete(None, trial, event["result"])
