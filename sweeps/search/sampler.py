"""The sampler: Optuna's TPE (Bergstra et al. 2011).

The sampler is rebuilt from a stage's journal: it is asked and told again, in order, what the journal has, so that its
history and its random state are those of the sweep that was interrupted. Where a sweep was extended into a space with
other values, the sampler starts anew there, with the earlier trials that lie inside as its history.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import optuna

from sweeps.config.axis import allows
from sweeps.config.resolve import open_axes
from sweeps.config.spec import SweepSpec
from sweeps.search.pruning import OBJECTIVE
from sweeps.search.space import asked_as, distribution, propose
from sweeps.state.progress import CLONED, COMPLETED, FINISH, PRUNED, SPACE, STOP, STOPPED, StageProgress, TrialProgress


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
        self.spec, self.parallel_trials = spec, parallel_trials
        self.space = propose(spec)
        self.study = self._study(spec.explore_seeds[0])
        for point in spec.warm_start:
            self.study.enqueue_trial(self.space.as_asked(point))
        self.asked: dict[str, optuna.Trial] = {}
        self.earlier = 0  # trials of a space with other values
        self.left_out = 0  # of the earlier trials, for lying outside this space
        self.clones = 0  # trials beyond those of the file

    @property
    def exhausted(self) -> bool:
        return self.earlier + len(self.asked) >= self.spec.trials + self.clones

    def next(self) -> tuple[str, Mapping[str, Any]] | None:
        if self.exhausted:
            return None
        name = f"trial_{self.earlier + len(self.asked):05d}"
        self.asked[name] = self._ask()
        return name, self.space(self.asked[name])

    def _ask(self) -> optuna.Trial:
        """Where every value of an axis gets a finalist (`finalists: {per: axis}`), they take turns: each value is
        searched as often as the others, however it does."""
        per = next((axis for axis in self.spec.axes if axis.name == self.spec.finalists.per), None)
        waiting = (optuna.trial.TrialState.WAITING,)
        if per is not None and not self.study.get_trials(deepcopy=False, states=waiting):
            turn = self.earlier + len(self.asked)
            self.study.enqueue_trial({per.name: per.values[turn % len(per.values)]})
        return self.study.ask()

    def tell(self, name: str, result: Mapping[str, Any] | None) -> None:
        trial = self.asked[name]
        if result is None:
            self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            self.study.tell(trial, result[OBJECTIVE])

    def enqueue(self, sample: Mapping[str, Any]) -> None:
        """The next new trial is this one, in addition to those that the file asks for."""
        self.clones += 1
        self.study.enqueue_trial(self.space.as_asked(sample))

    def replay(self, progress: StageProgress) -> None:
        """Asks and tells again what the journal has."""
        spaces = [index for index, event in enumerate(progress.events) if event["event"] == SPACE]
        start = spaces[-1] + 1 if spaces else 0
        earlier = [progress.trials[event["trial"]] for event in progress.events[:start] if event["event"] == "asked"]
        if earlier:
            stream = np.random.SeedSequence([self.spec.explore_seeds[0], len(earlier)])
            self.study = self._study(int(stream.generate_state(1)[0]))
            self._learn(earlier)
            self.clones = sum(event["event"] == CLONED for event in progress.events[:start])
        for event in progress.events[start:]:
            name = event.get("trial", "")
            if event["event"] in (FINISH, STOP):
                continue
            if event["event"] == CLONED:
                self.enqueue(event["given"])
            elif event["event"] == "asked":
                self.asked[name] = self._ask()
                given = self.space(self.asked[name])
                if given != event["given"]:
                    raise RuntimeError(f"{name}: the sampler now proposes {given}, and had proposed {event['given']}")
            elif event["event"] in ("failed", STOPPED):
                self.tell(name, None)
            elif event["event"] == "again":
                self.study.enqueue_trial(self.asked[name].params)
                self.asked[name] = self.study.ask()
                self.space(self.asked[name])
            elif event["event"] == "result" and event["last"]:
                self.tell(name, event["result"])

    def _study(self, seed: int) -> optuna.Study:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = optuna.samplers.TPESampler(
                seed=seed,
                n_startup_trials=max(10, 2 * self.parallel_trials),
                multivariate=True,
                group=True,
                constant_liar=True,
            )
        direction = "maximize" if self.spec.mode == "max" else "minimize"
        return optuna.create_study(sampler=sampler, pruner=optuna.pruners.NopPruner(), direction=direction)

    def _learn(self, trials: Sequence[TrialProgress]) -> None:
        """Puts trials of an earlier space into the sampler's history; those that lie outside this one stay away."""
        self.earlier = len(trials)
        for trial in trials:
            axes = {axis.name: axis for axis in open_axes(self.spec, trial.given)}
            if not all(name in axes and allows(axes[name], value) for name, value in trial.given.items()):
                self.left_out += 1
                continue
            if trial.status not in (COMPLETED, PRUNED):
                continue
            whole = trial.status == COMPLETED
            self.study.add_trial(
                optuna.trial.create_trial(
                    state=optuna.trial.TrialState.COMPLETE if whole else optuna.trial.TrialState.PRUNED,
                    value=trial.last[OBJECTIVE] if whole else None,
                    params=self.space.as_asked(trial.given),
                    distributions={asked_as(axis, self.spec.axes): distribution(axis) for axis in axes.values()},
                    intermediate_values={result["epoch"]: result[OBJECTIVE] for result in trial.results},
                )
            )
