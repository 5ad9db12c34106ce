"""How far a stage is: its trials as its journal tells them. What is not in the journal has not happened.

Events: `space` (the axes from here on; stage 1 only), `decisions` (which results decisions rest on from here on; stage
1 only), `looks` and `look` (when stage 2 is looked at, and what that decided: sweeps/confirm/looks.py), `asked` (a
trial, and what was proposed), `result` (an epoch's result; `last` says that the trial is over), `retried` (a trial's
worker was lost and a new one goes on; in how many parts it cuts a batch), `passed_over` (no worker takes a trial:
others are decided without it), `failed` (a trial, its reason and the kind of failure), `again` (a failed trial is to be
tried again: its failure was none of its own). And what a person decided
(sweeps/control/steering.py): `stop` (a trial that is to end), `stopped` (it has), `cloned` (a sample that comes next),
`finish` (no new trials).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sweeps.config.spec import AS_THEY_COME, SweepSpec
from sweeps.state.assignment import Assignment, read_assignment
from sweeps.state.decisions import Decisions
from sweeps.state.journal import JOURNAL, Event, Journal, Tail

SPACE, DECISIONS = "space", "decisions"
LOOKS, LOOK = "looks", "look"
STOP, CLONED, FINISH, PASSED_OVER = "stop", "cloned", "finish", "passed_over"
RUNNING, COMPLETED, PRUNED, FAILED, STOPPED = "running", "completed", "pruned", "failed", "stopped"


@dataclass
class TrialProgress:
    """One trial of a stage, from its proposal on."""

    name: str  # trial_00003, or finalist-1-seed-123
    given: Mapping[str, Any]  # what it trains, as the journal has it; `assignment` says what that means
    folder: Path  # its resume points, and what it leaves
    results: list[dict[str, Any]] = field(default_factory=list)  # one an epoch
    status: str = RUNNING
    reason: str = ""  # why it failed, or who stopped it
    kind: str = ""  # of failure
    batch_parts: int = 1  # forward passes that a batch is cut into, for memory that does not hold a whole one
    second_chance: bool = False  # it failed in an earlier session, of something that was not its own
    mended: list[str] = field(default_factory=list)  # what went wrong and did not end it
    retries: int = 0  # how often its worker was lost and another one went on
    spec: SweepSpec | None = None  # that a sample is resolved by; whoever only looks on has none
    passed_over: bool = False  # others were decided without it, since no worker took it
    stopping: bool = False  # somebody asked for it to end with its running epoch
    # Of this session alone
    at_work: bool = False  # Tune has it
    held: bool = False  # it is to be taken from its worker, or was, though it is not over: it waits for another turn
    lost: bool = False  # its worker died in this turn of Tune's loop

    @cached_property
    def assignment(self) -> Assignment:
        """What it trains. Raises ValueError where nobody said what its sample is resolved by."""
        if self.spec is None:
            raise ValueError(f"{self.name}: its journal was opened without the sweep's spec")
        return read_assignment(self.given, self.spec)

    @property
    def over(self) -> bool:
        return self.status != RUNNING

    @property
    def last(self) -> dict[str, Any]:
        """The latest result; empty before the first."""
        return self.results[-1] if self.results else {}


class StageProgress:
    """The trials of one stage, by name, in the order in which they were proposed; kept in `<folder>/journal.jsonl`."""

    def __init__(self, folder: Path, spec: SweepSpec | None = None, *, watching: bool = False) -> None:
        """`spec` is needed for what trials are assigned. `watching`: another process writes the journal; this one only
        looks at what is there by now."""
        self.folder, self.spec = folder, spec
        self.trials: dict[str, TrialProgress] = {}
        self.clones = 0  # trials beyond those that were planned
        self.finishing: int | None = None  # of how many planned trials no new ones begin; more are another matter
        path = folder / JOURNAL
        self.tail = Tail(path) if watching else None
        self.journal = None if watching else Journal(path)
        self.events: list[Event] = [] if self.journal is None else self.journal.events
        for event in self.events:
            self._apply(event)
        self.follow()

    @property
    def unfinished(self) -> list[TrialProgress]:
        return [trial for trial in self.trials.values() if not trial.over]

    def follow(self) -> bool:
        """Takes in what another process has written since; whether there was anything. For who watches."""
        new = [] if self.tail is None else self.tail.new()
        self.events += new
        for event in new:
            self._apply(event)
        return bool(new)

    def space(self, axes: Sequence[Mapping[str, Any]]) -> None:
        """Notes what is open from here on, where it is not what was open before."""
        known = [event["axes"] for event in self.events if event["event"] == SPACE]
        if known[-1:] != [json.loads(json.dumps(list(axes)))]:
            self._write(event=SPACE, axes=list(axes))

    def decide(self, wanted: Decisions) -> Decisions:
        """Notes which results decisions rest on from here on, and returns it. A search that began before it could be
        told otherwise goes on with results as they come."""
        if self.trials and self.decisions is None:
            return Decisions(AS_THEY_COME, wanted.places)
        if wanted != self.decisions:
            self._write(event=DECISIONS, **wanted.as_event())
        return wanted

    @property
    def decisions(self) -> Decisions | None:
        """What the journal says last; None where it says nothing."""
        noted = [event for event in self.events if event["event"] == DECISIONS]
        return Decisions.of_event(noted[-1]) if noted else None

    def plan_looks(self, wanted: Sequence[int]) -> tuple[int, ...]:
        """Notes at how many seeds stage 2 is looked at, before its first run, and returns it. What was begun before it
        could be looked at is looked at when it is over."""
        if not self.looks and len(wanted) > 1 and not self.trials:
            self._write(event=LOOKS, seeds=list(wanted))
        return self.looks or (wanted[-1],)

    @property
    def looks(self) -> tuple[int, ...]:
        """What the journal says; empty where it says nothing."""
        return next((tuple(event["seeds"]) for event in self.events if event["event"] == LOOKS), ())

    @property
    def looked(self) -> list[Event]:
        """What the looks so far decided."""
        return [event for event in self.events if event["event"] == LOOK]

    def look(self, decided: Mapping[str, Any]) -> None:
        self._write(event=LOOK, **decided)

    def asked(self, name: str, given: Mapping[str, Any], **more: Any) -> TrialProgress:
        self._write(event="asked", trial=name, given=dict(given), **more)
        return self.trials[name]

    def result(self, name: str, result: Mapping[str, Any], *, last: bool) -> None:
        """Notes an epoch's result; one that is known already changes nothing."""
        trial = self.trials[name]
        if trial.over or (trial.results and result["epoch"] <= trial.last["epoch"]):
            return
        self._write(event="result", trial=name, result=dict(result), last=last)

    def failed(self, name: str, reason: str, kind: str) -> None:
        self._write(event="failed", trial=name, reason=reason, kind=kind)

    def retried(self, name: str, reason: str, kind: str, batch_parts: int) -> None:
        self._write(event="retried", trial=name, reason=reason, kind=kind, batch_parts=batch_parts)

    def pass_over(self, name: str) -> None:
        self._write(event=PASSED_OVER, trial=name)

    def again(self, name: str) -> None:
        self._write(event="again", trial=name)

    def stop(self, name: str) -> None:
        self._write(event=STOP, trial=name)

    def stopped(self, name: str) -> None:
        self._write(event=STOPPED, trial=name)

    def clone(self, name: str, given: Mapping[str, Any]) -> None:
        """Notes a sample that somebody made of a trial: the next new trial is of it."""
        self._write(event=CLONED, trial=name, given=dict(given))

    def finish(self, planned: int) -> None:
        """Notes that no new trials begin, of the `planned` ones: a sweep that is extended afterwards begins some."""
        self._write(event=FINISH, planned=planned)

    def close(self) -> None:
        if self.journal is not None:
            self.journal.close()

    def _write(self, **event: Any) -> None:
        assert self.journal is not None
        self.journal.write(**event)
        self._apply(self.journal.events[-1])

    def _apply(self, event: Event) -> None:
        if event["event"] in (SPACE, DECISIONS, LOOKS, LOOK):
            return
        if event["event"] == FINISH:
            self.finishing = event["planned"]
            return
        name = event["trial"]
        if event["event"] == "asked":
            self.trials[name] = TrialProgress(name, event["given"], self.folder / name, spec=self.spec)
            return
        trial = self.trials[name]
        if event["event"] == "result":
            trial.results.append(event["result"])
            parts = event["result"].get("batch_parts", 1)
            if parts > trial.batch_parts:
                trial.mended.append(f"epoch {event['result']['epoch']}: out of memory, batches in {parts} parts")
                trial.batch_parts = parts
            if event["last"]:
                whole = event["result"]["epoch"] >= event["result"]["planned_epochs"]
                trial.status = COMPLETED if whole else PRUNED
        elif event["event"] == "failed":
            trial.status, trial.reason, trial.kind = FAILED, event["reason"], event["kind"]
        elif event["event"] == "retried":
            trial.batch_parts = event["batch_parts"]
            trial.retries += 1
            trial.mended.append(f"epoch {trial.last.get('epoch', 0) + 1}: {event['reason']}")
        elif event["event"] == "again":
            trial.status, trial.second_chance = RUNNING, True
            trial.mended.append(f"epoch {trial.last.get('epoch', 0) + 1}: {trial.reason}")
        elif event["event"] == PASSED_OVER:
            trial.passed_over = True
        elif event["event"] == STOP:
            trial.stopping = True
        elif event["event"] == STOPPED:
            trial.status, trial.reason = STOPPED, "stopped by sweeps.control"
        elif event["event"] == CLONED:
            self.clones += 1
