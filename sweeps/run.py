"""The command line: python -m sweeps.run FILE [key=value ...] [--plan [--json]] [--resume | --new | --extend]"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from trainables.errors import InputError, SweepFailed, SweepStopped, print_problems

HELP = """\
usage: python -m sweeps.run FILE [key=value ...] [--plan [--json]] [--resume | --new | --extend]

Runs a whole sweep from one YAML file: searches the configurations with Optuna and ASHA on Ray Tune, trains them with
LoRA or QLoRA, records every run in MLflow, trains the finalists and the baseline again on fresh seeds, and says with a
significance test whether the winner wins.

  FILE         a sweep file, or the name of a shipped one: qwen_lora, qwen_qlora, ast_lora, htsat_lora,
               beats_lora, efficientat_lora, moonshine_lora, whisper_lora, audio_backbones
  key=value    replaces an entry of the file, in the file's own syntax; --key value is the same

  --plan       says what the sweep would do and cost, and stops: nothing is trained, no weights are needed
  --plan --json   the same as JSON, with plain integers
  --resume     goes on with the interrupted sweep of this name, as it was begun, whatever the file says now
  --new        starts a new sweep where an interrupted one could be continued
  --extend     with trials=N: adds trials to the latest sweep of this name, up to N in all, and goes by all of them; its
               axes may have other values than before. After a verdict this is one more look at the test data: confirmed
               on seeds that no look has used, judged at half the level
  --help       this text

An interrupted sweep (Ctrl-C, a crash, a power failure) goes on when the same command is given again: no finished run is
repeated, and an unfinished one goes on from its last epoch.

examples:
  python -m sweeps.run search_spaces/qwen_lora.yaml
  python -m sweeps.run search_spaces/qwen_lora.yaml --plan --profile cuda
  python -m sweeps.run search_spaces/qwen_lora.yaml data.source=my_clips.jsonl trials=64
  python -m sweeps.run search_spaces/qwen_lora.yaml 'search.rank={choice: [8, 16]}' finalists=3
  python -m sweeps.run search_spaces/qwen_lora.yaml --extend trials=32

environment:
  MLFLOW_TRACKING_URI   where runs are recorded (default: a SQLite file in the results folder)
  RAY_ADDRESS           a Ray cluster to run on (default: this machine)
  AUDIO_SWEEPS_CACHE    generated data and miniatures (default: ~/.cache/audio-sweeps)
  SWEEP_HANG_SECONDS    how long a worker may take for a batch before it is ended and replaced (default: 600)
  HF_HOME, HF_HUB_OFFLINE   where Hugging Face keeps weights, and whether the hub may be asked

exit status: 0 done, 1 failed, 2 bad input (nothing was started), 3 stopped at a limit or by sweeps.control,
130 interrupted
"""

SHOW_CURSOR = b"\x1b[?25h\n"
WAYS = ("resume", "new", "extend")
MODES = ("--plan", "--json", "--help", "-h", *(f"--{way}" for way in WAYS))


@dataclass(frozen=True)
class Command:
    file: str
    overrides: tuple[str, ...]
    plan: bool
    json: bool
    mode: str = "auto"  # auto | resume | new | extend


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood."""
    words = list(arguments)
    modes = {word for word in words if word in MODES}
    positional: list[str] = []
    overrides: list[str] = []
    problems: list[str] = []
    rest = iter(word for word in words if word not in MODES)
    for word in rest:
        if word.startswith("--"):
            key, equals, value = word[2:].partition("=")
            if not equals:
                following = next(rest, None)
                if following is None:
                    problems.append(f"{word}: a value is missing; write {word} VALUE")
                    continue
                value = following
            overrides.append(f"{key}={value}")
        elif "=" in word:
            overrides.append(word)
        else:
            positional.append(word)
    if not positional:
        problems.append("no sweep file was given; try search_spaces/qwen_lora.yaml, or --help")
    if len(positional) > 1:
        problems.append(f"one sweep file at a time, got {', '.join(positional)}; overrides are written key=value")
    if "--json" in modes and "--plan" not in modes:
        problems.append("--json goes with --plan")
    chosen = [mode for mode in WAYS if f"--{mode}" in modes]
    if len(chosen) > 1:
        problems.append(f"one of --{' and --'.join(chosen)} at a time")
    if problems:
        raise InputError(problems)
    return Command(
        positional[0],
        tuple(overrides),
        plan="--plan" in modes,
        json="--json" in modes,
        mode=chosen[0] if chosen else "auto",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    words = sys.argv[1:] if arguments is None else list(arguments)
    if "--help" in words or "-h" in words:
        print(HELP, end="")
        return 0
    try:
        command = parse(words)
        # on some CPUs it warns of an optional kernel that it would fetch from the hub
        logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
        from sweeps.state.workspace import private_files
        from sweeps.sweep import plan_sweep, run_sweep

        if command.plan:
            plan_sweep(command.file, command.overrides, as_json=command.json)
        else:
            signal.signal(signal.SIGINT, _first_interrupt)
            with private_files():
                run_sweep(command.file, command.overrides, command.mode)
    except InputError as error:
        return print_problems(error)
    except SweepFailed as failure:
        print(f"failed: {failure}", file=sys.stderr)
        return 1
    except SweepStopped as stop:
        print(f"stopped: {stop}; the same command goes on where it was", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where it was", file=sys.stderr)
        return 130
    return 0


def _first_interrupt(number: int, frame: object) -> NoReturn:
    """Ctrl-C ends a sweep in good order, which takes seconds; a second one at once. Nothing is lost either way."""
    signal.signal(signal.SIGINT, _second_interrupt)
    raise KeyboardInterrupt


def _second_interrupt(number: int, frame: object) -> NoReturn:
    # not print: it may have been interrupted in the middle of one, and cannot be entered twice
    cursor = SHOW_CURSOR if sys.stdout.isatty() else b""  # the live table hides it
    os.write(sys.stderr.fileno(), cursor + b"stopped at once; the same command goes on where it was\n")
    os._exit(130)


if __name__ == "__main__":
    sys.exit(main())
