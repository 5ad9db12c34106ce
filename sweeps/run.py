"""The command line: python -m sweeps.run FILE [key=value ...] [--plan [--json]]"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from trainables.errors import InputError, SweepFailed

HELP = """\
usage: python -m sweeps.run FILE [key=value ...] [--plan [--json]]

Runs a whole sweep from one YAML file: searches the configurations with Optuna and ASHA on Ray Tune, trains them with
LoRA or QLoRA, records every run in MLflow, trains the finalists and the baseline again on fresh seeds, and says with a
significance test whether the winner wins.

  FILE         a sweep file, or the name of a shipped one: qwen_lora, qwen_qlora
  key=value    replaces an entry of the file, in the file's own syntax; --key value is the same

  --plan       says what the sweep would do and cost, and stops: nothing is trained, no weights are needed
  --plan --json   the same as JSON, with plain integers
  --help       this text

examples:
  python -m sweeps.run search_spaces/qwen_lora.yaml
  python -m sweeps.run search_spaces/qwen_lora.yaml --plan --profile cuda
  python -m sweeps.run search_spaces/qwen_lora.yaml data.source=my_clips.jsonl trials=64
  python -m sweeps.run search_spaces/qwen_lora.yaml 'search.rank={choice: [8, 16]}' finalists=3

environment:
  MLFLOW_TRACKING_URI   where runs are recorded (default: a SQLite file in the results folder)
  RAY_ADDRESS           a Ray cluster to run on (default: this machine)
  AUDIO_SWEEPS_CACHE    generated data and miniatures (default: ~/.cache/audio-sweeps)
  HF_HOME, HF_HUB_OFFLINE   where Hugging Face keeps weights, and whether the hub may be asked

exit status: 0 done, 1 failed, 2 bad input (nothing was started), 130 interrupted
"""

MODES = ("--plan", "--json", "--help", "-h")


@dataclass(frozen=True)
class Command:
    file: str
    overrides: tuple[str, ...]
    plan: bool
    json: bool


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
    if problems:
        raise InputError(problems)
    return Command(positional[0], tuple(overrides), plan="--plan" in modes, json="--json" in modes)


def main(arguments: Sequence[str] | None = None) -> int:
    words = sys.argv[1:] if arguments is None else list(arguments)
    if "--help" in words or "-h" in words:
        print(HELP, end="")
        return 0
    try:
        command = parse(words)
        # on some CPUs it warns of an optional kernel that it would fetch from the hub
        logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
        from sweeps.sweep import plan_sweep, run_sweep

        if command.plan:
            plan_sweep(command.file, command.overrides, as_json=command.json)
        else:
            run_sweep(command.file, command.overrides)
    except InputError as error:
        for problem in error.problems:
            print(f"error: {problem}", file=sys.stderr)
        return 2
    except SweepFailed as failure:
        print(f"failed: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; what had finished stays recorded in MLflow", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
