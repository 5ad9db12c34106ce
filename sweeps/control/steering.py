"""What sweeps.control asks for, carried out between two epochs by the process that runs the sweep.

Every request is checked, carried out whole or refused, and answered. What it decides about a stage is in that stage's
journal before it takes effect, so that a sweep that goes on after a kill keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console

from sweeps.config.axis import allows
from sweeps.config.resolve import open_axes
from sweeps.config.spec import SweepSpec
from sweeps.control import requests
from sweeps.control.requests import CLONE, FINISH, PAUSE, RESUME, STOP, Inbox, Request
from sweeps.stage.holds import Hold, Order
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import Workspace
from trainables.command_line import to_copy
from trainables.errors import InputError

if TYPE_CHECKING:
    from sweeps.record.tracker import Tracker
    from sweeps.search.sampler import OptunaProposals


class Steering:
    """What a person asks of a sweep, whatever its stage: the inbox, the answers, and whether it is paused."""

    def __init__(self, workspace: Workspace, tracker: Tracker, console: Console) -> None:
        self.workspace, self.tracker, self.console = workspace, tracker, console
        self.inbox = Inbox(workspace)
        given = [answer.command for answer in requests.answers(workspace).values() if answer.done]
        self.paused = [command for command in given if command in (PAUSE, RESUME)][-1:] == [PAUSE]
        if self.paused:
            resume = to_copy("sweeps.control", workspace.sweep_id, RESUME)
            console.print(f"It was paused, and rests until `{resume}`", style="yellow", soft_wrap=True)

    def answer(self, request: Request, *, done: bool, said: str) -> None:
        requests.answer(self.workspace, request, done=done, said=said)
        self.console.print(f"  control: {request.command}: {said}", style="bold", markup=False, soft_wrap=True)
        if done:
            self.tracker.note_control(request.command, said, request.time)


class StageSteering:
    """An overseer of one stage: asked about once a second, it reads what was asked and orders what follows from it.

    This one is for stage 2, which can be paused and nothing else.
    """

    def __init__(self, steering: Steering) -> None:
        self.steering = steering

    def order(self) -> Order:
        for request in self.steering.inbox.pending():
            self.carry_out(request)
        if self.steering.paused:
            return Order(Hold.PAUSE, "paused by sweeps.control")
        if self.finishing:
            return Order(Hold.FINISH, "finished by sweeps.control")
        return Order()

    def carry_out(self, request: Request) -> None:
        commands: dict[str, Callable[[Request], str]] = {
            STOP: self.stop,
            CLONE: self.clone,
            PAUSE: self.pause,
            RESUME: self.resume,
            FINISH: self.finish,
        }
        try:
            said, done = commands[request.command](request), True
        except InputError as error:
            said, done = " ".join(error.problems), False
        self.steering.answer(request, done=done, said=said)

    @property
    def finishing(self) -> bool:
        """Whether no new trials begin."""
        return False

    def pause(self, request: Request) -> str:
        if self.steering.paused:
            return "it is paused already."
        self.steering.paused = True
        return "running epochs end, then it rests until `resume`."

    def resume(self, request: Request) -> str:
        if not self.steering.paused:
            return "it was not paused."
        self.steering.paused = False
        return "it goes on."

    def finish(self, request: Request) -> str:
        raise InputError("there is nothing left to finish: every run of stage 2 is needed for the verdict.")

    def stop(self, request: Request) -> str:
        raise InputError("runs of stage 2 are not stopped: the verdict needs every one of them.")

    def clone(self, request: Request) -> str:
        raise InputError("stage 2 trains what was fixed before it began; a new trial has no place there.")


class SearchSteering(StageSteering):
    """Of stage 1, whose trials can be stopped and cloned, and which can be finished early."""

    def __init__(
        self, steering: Steering, spec: SweepSpec, progress: StageProgress, proposals: OptunaProposals
    ) -> None:
        super().__init__(steering)
        self.spec, self.progress, self.proposals = spec, progress, proposals

    @property
    def finishing(self) -> bool:
        return self.progress.finishing == self.spec.trials

    def finish(self, request: Request) -> str:
        if not self.progress.trials:
            raise InputError("no trial has begun yet, so there would be no finalist.")
        if not self.finishing:
            self.progress.finish(self.spec.trials)
        left = len(self.progress.unfinished)
        return f"no new trials; {left} running ones end by their rules, then the finalists are confirmed."

    def stop(self, request: Request) -> str:
        trial = self.progress.trials[_named(self.progress, request.trial)]
        if trial.over:
            raise InputError(f"{trial.name} is over already ({trial.status}).")
        if not trial.stopping:
            self.progress.stop(trial.name)
        return f"{trial.name} ends with its running epoch, and counts as stopped, not as pruned."

    def clone(self, request: Request) -> str:
        if self.finishing:
            raise InputError("the sweep takes no new trials: `finish` was asked for.")
        name = _named(self.progress, request.trial)
        sample = changed_sample(self.spec, self.progress.trials[name].assignment.sample, request.changes)
        self.progress.clone(name, sample)
        self.proposals.enqueue(sample)
        shown = ", ".join(f"{key}={value}" for key, value in request.changes.items())
        return f"a clone of {name} with {shown} is the next new trial, one more than planned."


def changed_sample(spec: SweepSpec, sample: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A sample with some of its axes changed, and with what that switches on or off.

    Raises InputError with every problem: a key that is no open axis, a value outside it, an axis whose condition does
    not hold, or one that the change switches on and that has no value.
    """
    axes = {axis.name: tuple(other for other in spec.axes if other.name == axis.name) for axis in spec.axes}
    problems = [] if changes else ["a clone without a change would be the same trial again: give key=value."]
    for key, value in changes.items():
        if key not in axes:
            problems.append(f"{key}: is no open axis of this sweep; those are {', '.join(axes)}.")
        elif isinstance(value, bool | dict | list) or not _allowed(axes[key], value):
            offered = " or ".join(f"{axis.kind} [{', '.join(map(str, axis.values))}]" for axis in axes[key])
            problems.append(f"{key}: {value!r} is outside of {offered}.")
    if problems:
        raise InputError(problems)
    merged = {**sample, **changes}
    active = {axis.name: axis for axis in open_axes(spec, merged)}
    idle = [key for key in changes if key not in active]
    missing = [key for key in active if key not in merged]
    if idle:
        problems.append(f"{', '.join(idle)}: not open in this configuration: its `when:` does not hold.")
    if missing:
        problems.append(f"{', '.join(missing)}: the change opens it, so it needs a value.")
    for key, axis in active.items():
        if key in merged and not _allowed(axis, merged[key]):
            problems.append(f"{key}: {merged[key]!r} is not offered under this change: give it a new value too.")
    if problems:
        raise InputError(problems)
    return {key: _as_axis(axis, merged[key]) for key, axis in active.items()}


def _allowed(axis: Any, value: Any) -> bool:
    try:
        return allows(axis, value)
    except TypeError:  # a text where numbers are
        return False


def _as_axis(axis: Any, value: Any) -> Any:
    """As the sampler would have given it: of equal numbers the one that is in the file."""
    if axis.kind == "choice":
        return next(choice for choice in axis.values if choice == value)
    return int(value) if axis.kind in ("int", "log_int") else float(value)


def _named(progress: StageProgress, word: str) -> str:
    """The trial that a person means: `trial_00003`, `3` or `trial 3`."""
    number = word.removeprefix("trial").strip(" _")
    wanted = f"trial_{int(number):05d}" if number.isascii() and number.isdigit() and len(number) < 9 else word
    if wanted in progress.trials:
        return wanted
    known = ", ".join(list(progress.trials)[-8:]) or "none yet"
    raise InputError(f"{word[:60]!r} is no trial of this stage; the latest are {known}.")
