"""Where trials come from: one of Optuna's samplers (samplers.py), over the file's axes.

The sampler is rebuilt from a stage's journal: it is asked and told again, in order, what the journal has, so that its
history and its random state are those of the sweep that was interrupted. Of which trials it may have heard when it
proposes one is decided by sweeps/state/decisions.py. Where a sweep was extended into a space with
other values, the sampler starts anew there, with the earlier trials that lie inside as its history.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

import numpy as np
import optuna

from sweeps.config.axis import allows
from sweeps.config.resolve import open_axes
from sweeps.config.sampler_rules import SAMPLERS
from sweeps.config.spec import AS_THEY_COME, SweepSpec
from sweeps.search.pruning import OBJECTIVE
from sweeps.search.samplers import make_sampler
from sweeps.search.space import asked_as, distribution, propose
from sweeps.state.decisions import Decisions
from sweeps.state.progress import (
    CLONED,
    COMPLETED,
    DECISIONS,
    FINISH,
    PASSED_OVER,
    PRUNED,
    SPACE,
    STOP,
    STOPPED,
    StageProgress,
    TrialProgress,
)


class Proposals(Protocol):
    """Where the next trial of a stage comes from."""

    @property
    def exhausted(self) -> bool: ...

    @property
    def ready(self) -> bool:
        """Whether all is known that the next trial is proposed by; where it is not, some trial is not over yet."""

    def next(self) -> tuple[str, Mapping[str, Any]] | None:
        """A new trial's name and what it is given; None where there is no further one."""

    def tell(self, name: str, result: Mapping[str, Any] | None) -> None:
        """A trial is over; `result` is its last one, None where it failed."""


class OptunaProposals:
    """The file's sampler over its axes, seeded by the first exploration seed."""

    def __init__(self, spec: SweepSpec, *, decisions: Decisions) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.spec, self.decisions = spec, decisions
        self.space = propose(spec)
        self._begin_study()
        self.asked: dict[str, optuna.Trial] = {}
        self.endings: dict[str, Mapping[str, Any] | None] = {}  # of trials of which the sampler has not heard
        self.heard: set[str] = set()
        self.earlier = 0  # trials of a space with other values
        self.learns = SAMPLERS[spec.sampler].learns
        self.left_out = 0  # of the earlier trials, for lying outside this space
        self.clones = 0  # trials beyond those of the file

    def _begin_study(self) -> None:
        self.study = self._study(self.spec.explore_seeds[0])
        for point in self.spec.warm_start:
            self.study.enqueue_trial(self.space.as_asked(point))

    @property
    def exhausted(self) -> bool:
        return self.earlier + len(self.asked) >= self.spec.trials + self.clones

    @property
    def ready(self) -> bool:
        return all(name in self.endings for name in self._due())

    def next(self) -> tuple[str, Mapping[str, Any]] | None:
        if self.exhausted:
            return None
        self._hear()
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
        self.endings[name] = result
        if not self.decisions.in_order:
            self._hear()

    def _due(self) -> Iterator[str]:
        """The trials of which the sampler has not heard, and by which the next one is proposed."""
        waits = self.learns and self.decisions.in_order
        known = self.decisions.known_to_sampler(len(self.asked)) if waits else 0
        return (name for name in islice(self.asked, known) if name not in self.heard)

    def _hear(self) -> None:
        if not self.learns:
            return
        due = self._due() if self.decisions.in_order else self.endings
        for name in [name for name in due if name in self.endings]:
            self._hear_of(name, self.endings.pop(name))

    def _hear_of(self, name: str, result: Mapping[str, Any] | None) -> None:
        trial = self.asked[name]
        self.heard.add(name)
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
        now, noted = self.decisions, [event for event in progress.events if event["event"] == DECISIONS]
        self.decisions = Decisions.of_event(noted[0]) if noted else Decisions(AS_THEY_COME, now.places)
        if self.decisions.places != now.places:  # it was begun on a machine with other places
            self._begin_study()
        spaces = [index for index, event in enumerate(progress.events) if event["event"] == SPACE]
        start = spaces[-1] + 1 if spaces else 0
        earlier = [progress.trials[event["trial"]] for event in progress.events[:start] if event["event"] == "asked"]
        for event in progress.events[:start]:
            if event["event"] == DECISIONS:
                self.decisions = Decisions.of_event(event)
        if earlier:
            stream = np.random.SeedSequence([self.spec.explore_seeds[0], len(earlier)])
            self.study = self._study(int(stream.generate_state(1)[0]))
            self._learn(earlier)
            self.clones = sum(event["event"] == CLONED for event in progress.events[:start])
        for event in progress.events[start:]:
            name = event.get("trial", "")
            if event["event"] in (FINISH, STOP, PASSED_OVER):
                continue
            if event["event"] == DECISIONS:
                self.decisions = Decisions.of_event(event)
            elif event["event"] == CLONED:
                self.enqueue(event["given"])
            elif event["event"] == "asked":
                self._hear()
                self.asked[name] = self._ask()
                given = self.space(self.asked[name])
                if given != event["given"]:
                    raise RuntimeError(f"{name}: the sampler now proposes {given}, and had proposed {event['given']}")
            elif event["event"] in ("failed", STOPPED):
                self.tell(name, None)
            elif event["event"] == "again":
                self._take_back(name)
            elif event["event"] == "result" and event["last"]:
                self.tell(name, event["result"])
        self.decisions = now

    def _take_back(self, name: str) -> None:
        """A trial that failed is tried again."""
        if name in self.heard:
            self.heard.remove(name)
            self.study.enqueue_trial(self.asked[name].params)
            self.asked[name] = self.study.ask()
            self.space(self.asked[name])
        else:  # the sampler has not heard of its failure
            self.endings.pop(name, None)

    def _study(self, seed: int) -> optuna.Study:
        sampler = make_sampler(self.spec.sampler, seed=seed, results_first=self.decisions.results_first)
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
