"""The command line: python -m sweeps.run FILE [key=value ...] [OPTIONS]"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from trainables import command_line
from trainables.command_line import Exit, nearest_word
from trainables.doing import doing, silently
from trainables.errors import InputError

DESCRIPTION = """\
Runs a whole sweep from one YAML file: searches the configurations with Optuna and ASHA on Ray Tune, trains them with
LoRA or QLoRA, records every run in MLflow, trains the finalists and the baseline again on fresh seeds, and says with a
significance test whether the winner wins.

An interrupted sweep (Ctrl-C, a crash, a power failure) goes on when the same command is given again: no finished run is
repeated, and an unfinished one goes on from its last epoch.
"""
EXAMPLES = """\
  python -m sweeps.run search_spaces/qwen_lora.yaml
  python -m sweeps.run search_spaces/qwen_lora.yaml --plan --profile cuda
  python -m sweeps.run search_spaces/qwen_lora.yaml data.source=my_clips.jsonl trials=64
  python -m sweeps.run search_spaces/qwen_lora.yaml 'search.rank={choice: [8, 16]}' finalists=3
  python -m sweeps.run search_spaces/qwen_lora.yaml --extend trials=32
"""
ENVIRONMENT = """\
  MLFLOW_TRACKING_URI   where runs are recorded (default: a SQLite file in the results folder)
  RAY_ADDRESS           a Ray cluster to run on (default: this machine)
  AUDIO_SWEEPS_CACHE    generated data and miniatures (default: ~/.cache/audio-sweeps)
  SWEEP_HANG_SECONDS    the longest time for a batch, after which a worker is replaced (default: 600)
  SWEEP_...             what `notify:` of the sweep file names: an http(s) address, a command
  HF_HOME, HF_HUB_OFFLINE   where Hugging Face keeps weights, and whether the hub may be asked
"""
GOES_ON = "the same command goes on where it was"
WAYS = ("resume", "new", "extend")

PARSER = command_line.Parser(
    "sweeps.run",
    "FILE [key=value ...] [--plan] [--quiet | --json] [--resume | --new | --extend]",
    DESCRIPTION,
    exits={
        Exit.FAILED: "failed",
        Exit.BAD_INPUT: "bad input (nothing was started)",
        Exit.STOPPED: f"stopped at a limit or by sweeps.control; {GOES_ON}",
        Exit.INTERRUPTED: f"interrupted (Ctrl-C); {GOES_ON}",
    },
    sections={"examples": EXAMPLES, "environment": ENVIRONMENT},
)
PARSER.words(
    {
        "FILE": "a sweep file, or the name of a shipped one: qwen_lora, qwen_qlora, ast_lora, htsat_lora, beats_lora, "
        "efficientat_lora, moonshine_lora, whisper_lora, audio_backbones, adapters",
        "key=value": "replaces an entry of the file, in the file's own syntax; --key value is the same",
    }
)
PARSER.flag("--plan", "says what the sweep would do and cost, and stops: nothing is trained, no weights are needed")
PARSER.flag("--quiet", "shows nothing but the verdict's sentence and where the report is; errors as ever")
PARSER.flag("--json", "one JSON object a line as things happen (docs/events.md); with --plan: the plan as JSON")
PARSER.flag("--resume", "goes on with the interrupted sweep of this name, as it was begun, whatever the file says now")
PARSER.flag("--new", "starts a new sweep where an interrupted one could be continued")
PARSER.flag(
    "--extend",
    "with trials=N: adds trials to the latest sweep of this name until it has N, and chooses finalists among all of "
    "them; its axes may have other values than before. Because this uses the test set once more, finalists are trained "
    "on new seeds and the significance level is halved",
)
MODES = ("--plan", "--quiet", "--json", "--help", "-h", *(f"--{way}" for way in WAYS))
SHOW_CURSOR = b"\x1b[?25h\n"


@dataclass(frozen=True)
class Command:
    file: str
    overrides: tuple[str, ...]
    plan: bool
    json: bool
    quiet: bool = False
    mode: str = "auto"  # auto | resume | new | extend


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood."""
    words, overrides, without_value = _divided(arguments)
    given, problems = PARSER.read(words)
    problems += without_value
    if not given.words:
        problems.append("no sweep file was given; try search_spaces/qwen_lora.yaml, or --help")
    if len(given.words) > 1:
        problems.append(f"one sweep file at a time, got {', '.join(given.words)}; overrides are written key=value")
    if given.quiet and (given.json or given.plan):
        problems.append("--quiet goes with neither --json nor --plan: one says nothing, the others say it")
    chosen = [way for way in WAYS if getattr(given, way)]
    if len(chosen) > 1:
        problems.append(f"one of {' and '.join(f'--{way}' for way in chosen)} at a time")
    if problems:
        raise InputError(problems)
    mode = chosen[0] if chosen else "auto"
    return Command(given.words[0], tuple(overrides), plan=given.plan, json=given.json, quiet=given.quiet, mode=mode)


def _divided(arguments: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """The words that the parser knows; overrides (`key=value`, `--key=value`, `--key value`); what lacks a value."""
    words = [word for word in arguments if word in MODES]
    overrides: list[str] = []
    problems: list[str] = []
    rest = iter(word for word in arguments if word not in MODES)
    for word in rest:
        flagged = word.startswith("--")
        if "=" in word:
            overrides.append(word.removeprefix("--"))
        elif not flagged:
            words.append(word)
        elif (mode := nearest_word(word, MODES)) and not _is_key(word):
            problems.append(f"{word} is not an option; did you mean {mode}?")
        elif (value := next(rest, None)) is not None:
            overrides.append(f"{word.removeprefix('--')}={value}")
        else:
            problems.append(f"{word}: a value is missing; write {word} VALUE")
    return words, overrides, problems


def _is_key(word: str) -> bool:
    """Whether `--word` is a key of a sweep file."""
    from sweeps.config.schema import ROOT

    return word.removeprefix("--").partition(".")[0] in ROOT.fields


def run(command: Command) -> None:
    """Raises InputError before anything starts; SweepFailed, SweepStopped, KeyboardInterrupt after."""
    with silently(command.quiet or command.json):
        _run(command)


def _run(command: Command) -> None:
    doing(f"reading {command.file}")
    # on some CPUs it warns of an optional kernel that it would fetch from the hub
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    from sweeps.state.workspace import private_files
    from sweeps.sweep import plan_sweep, run_sweep

    if command.plan:
        plan_sweep(command.file, command.overrides, as_json=command.json)
        return
    signal.signal(signal.SIGINT, _first_interrupt)
    with private_files():
        run_sweep(command.file, command.overrides, command.mode, quiet=command.quiet, events=command.json)


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, run, arguments, interrupted=f"interrupted; {GOES_ON}")


def _first_interrupt(number: int, frame: object) -> NoReturn:
    """Ctrl-C ends a sweep in good order, which takes seconds; a second one at once. Nothing is lost either way."""
    signal.signal(signal.SIGINT, _second_interrupt)
    raise KeyboardInterrupt


def _second_interrupt(number: int, frame: object) -> NoReturn:
    # not print: it may have been interrupted in the middle of one, and cannot be entered twice
    cursor = SHOW_CURSOR if sys.stdout.isatty() else b""  # the live table hides it
    os.write(sys.stderr.fileno(), cursor + f"stopped at once; {GOES_ON}\n".encode())
    os._exit(Exit.INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
