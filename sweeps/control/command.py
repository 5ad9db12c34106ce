"""The command line: python -m sweeps.control SWEEP COMMAND, which steers a sweep while it runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sweeps.control.requests import CLONE, COMMANDS, STOP
from sweeps.state.find import RESULTS_HELP, SWEEP_HELP
from trainables import command_line
from trainables.command_line import Exit
from trainables.errors import InputError

if TYPE_CHECKING:
    from sweeps.control.requests import Answer, Request
    from sweeps.state.workspace import Workspace

DESCRIPTION = """\
Steers a sweep while it runs, from a second terminal. The sweep keeps what its trials have trained, and writes every
request to its journal and to MLflow (tag sweep.control), so that a sweep that is killed and started again keeps to it.
"""
COMMANDS_HELP = """\
  status              the trials, their results, and earlier requests; --json as JSON; --watch shows them again and
                      again until the sweep ends (one line each time where there is no terminal); Ctrl-C leaves
  stop TRIAL          the trial ends with its running epoch; it counts as stopped, not as pruned
  clone TRIAL k=v ... the next trial has that configuration, with other values of open axes
  pause               running epochs end, then nothing begins; the workers stay warm
  resume              goes on after a pause
  finish              no new trials: running ones end by their rules, then the finalists are confirmed (with outer
                      folds: those of the fold that is searched now)

TRIAL is written as `status` names it: trial_00003, or 3.

stop, clone and finish are for the search: what stage 2 trains was fixed before it began, and all of it is needed.
"""
EXAMPLES = """\
  python -m sweeps.control qwen_lora status --watch
  python -m sweeps.control qwen_lora clone 3 learning_rate=3e-4 rank=8
"""

STATUS = "status"
NEEDS_TRIAL = (STOP, CLONE)
NAMES = (STATUS, *COMMANDS)
WAIT_SECONDS = 30.0
ASK_SECONDS = 0.2

PARSER = command_line.Parser(
    "sweeps.control",
    "SWEEP COMMAND [--results FOLDER] [--json] [--watch]",
    DESCRIPTION,
    exits={
        Exit.FAILED: "the sweep has not answered yet",
        Exit.BAD_INPUT: "refused or bad input (nothing was changed)",
        Exit.STOPPED: "status --watch: the sweep was stopped or interrupted; its own command goes on",
    },
    sections={"commands": COMMANDS_HELP, "examples": EXAMPLES},
)
PARSER.words(
    {
        "SWEEP": SWEEP_HELP,
        "COMMAND": f"one of {', '.join(NAMES)}: see below",
    }
)
PARSER.value("--results", "FOLDER", RESULTS_HELP)
PARSER.flag("--json", "with status: as JSON; with --watch one object a line")
PARSER.flag("--watch", "with status: shows it until the sweep ends")


@dataclass(frozen=True)
class Command:
    sweep: str
    name: str  # one of NAMES
    trial: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    results: str | None = None
    json: bool = False
    watch: bool = False


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood."""
    given, problems = PARSER.read(arguments)
    sweep, name, trial, *changes = [*given.words, "", "", ""][: max(3, len(given.words))]
    if not sweep or name not in NAMES:
        near = command_line.nearest_word(name, NAMES) if name else None
        got = f"got {name[:60]!r}" + (f" (nearest: {near})" if near else "") if name else "none was given"
        problems.append(f"expected SWEEP and one of {', '.join(NAMES)}; {got}. See --help")
    elif (name in NEEDS_TRIAL) != bool(trial):
        problems.append(f"{name}: a TRIAL is missing" if not trial else f"{name}: takes nothing, got {trial[:60]!r}")
    elif changes and name != CLONE:
        problems.append(f"{name}: one trial at a time, got {', '.join(changes)[:60]!r} as well")
    problems += [f"--{flag} goes with status" for flag in ("json", "watch") if getattr(given, flag) and name != STATUS]
    values, found = read_changes(changes) if name == CLONE and not problems else ({}, [])
    if problems or found:
        raise InputError([*problems, *found])
    return Command(sweep, name, trial, values, given.results, given.json, given.watch)


def read_changes(changes: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """`rank=8 learning_rate=3e-4` in the syntax of a sweep file; `search.rank=8` is the same."""
    from sweeps.config.overrides import read_overrides

    overrides, problems = read_overrides(changes)
    values: dict[str, Any] = {}
    for override in overrides:
        path = [str(step) for step in override.path]
        key = path[-1] if path[:-1] in ([], ["search"]) else ".".join(path)
        values[key] = override.node.plain()
    if not changes:
        problems.append("clone: key=value is missing; a clone without a change would be the same trial again")
    return values, problems


def steer(command: Command) -> int:
    """Asks the sweep and says what it answered; the exit status. Raises InputError."""
    from sweeps.state.find import find_workspace, results_folder

    workspace = find_workspace(command.sweep, results_folder(command.results), whole=False)
    if command.name == STATUS and command.watch:
        from sweeps.control.watching import watch

        return watch(workspace, as_json=command.json)
    if command.name == STATUS:
        from sweeps.control.status import print_status

        print_status(workspace, as_json=command.json)
        return Exit.DONE
    request = submit(workspace, command.name, command.trial, command.changes)
    answered = wait(workspace, request)
    if answered is None:
        print(
            f"{command.name}: asked for. {workspace.sweep_id} is between two steps (starting, decoding or judging) and "
            "answers when it is done; `status` shows the answer."
        )
        return Exit.FAILED
    print(f"{command.name}: {answered.said}", file=sys.stdout if answered.done else sys.stderr)
    return Exit.DONE if answered.done else Exit.BAD_INPUT


def submit(workspace: Workspace, name: str, trial: str = "", changes: Mapping[str, Any] | None = None) -> Request:
    """Puts a request to a sweep that runs. Raises InputError where it does not, or its folder cannot be written."""
    from sweeps.control import requests
    from sweeps.state.manifest import running_elsewhere, state_of
    from trainables.bucket.mirror import driver_elsewhere

    if not running_elsewhere(workspace):
        if state_of(workspace).finished:
            raise InputError(f"{workspace.sweep_id} is over: there is nothing to {name}.")
        if driver := driver_elsewhere(workspace.results):
            raise InputError(
                f"{workspace.sweep_id} is kept in a bucket that {driver} writes: {name} is asked for on that machine; "
                "from here `status` alone can be asked."
            )
        raise InputError(
            f"{workspace.sweep_id} is not running (it was interrupted): start it again with the command that began it, "
            f"then {name}."
        )
    try:
        return requests.ask(workspace, name, trial, changes)
    except OSError as error:
        raise InputError(f"{workspace.folder}: cannot be written ({error.strerror or error}).") from None


def wait(workspace: Workspace, request: Request, seconds: float = WAIT_SECONDS) -> Answer | None:
    """The sweep's answer; None where it has not come in time."""
    from sweeps.control import requests

    until = time.monotonic() + seconds
    while True:
        found = requests.answers(workspace).get(request.id)
        if found is not None or time.monotonic() >= until:
            return found
        time.sleep(ASK_SECONDS)


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, _steer_privately, arguments)


def _steer_privately(command: Command) -> int:
    from sweeps.state.workspace import private_files

    with private_files():
        return steer(command)
