"""The command line: python -m sweeps.predict SWEEP INPUT... [--arm ARM] [--seed N | --ensemble] [--output FILE]"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.predict.arm_options import add_arm_options
from sweeps.predict.quiet import quiet_bars, quiet_libraries
from sweeps.state.find import RESULTS_HELP, SWEEP_HELP
from trainables import command_line
from trainables.command_line import Exit
from trainables.doing import doing, done
from trainables.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from sweeps.predict.answers_file import Answer, Place
    from trainables.data.examples import Example

LEAST_HOP_SECONDS = 0.01  # below lie samples, not windows
DESCRIPTION = """\
Answers to new sound with what a finished sweep has trained: the label with the probability of every class, or the text.
INPUT is files, folders, patterns such as 'calls/*.wav', or a table with a column of paths (and stretches of them).

Any number of files takes the same memory. A file that cannot be read is listed with the reason, the others are
answered. A run that was cut off goes on where it was when the same --output is given again. Of a clip that is longer
than the backbone's window its beginning is heard; with --hop all of it, window by window.
"""
EXAMPLES = """\
  python -m sweeps.predict qwen_lora recordings/ --output answers.csv
  python -m sweeps.predict qwen_lora clip.wav --arm baseline
  python -m sweeps.predict birds marsh-night.flac --hop 2.5 --output night.csv
  python -m sweeps.predict results/qwen_lora-20261130-101500-3f2a 'calls/*.flac' --ensemble --output answers.parquet
"""

PARSER = command_line.Parser(
    "sweeps.predict",
    "SWEEP INPUT... [--arm ARM] [--seed N | --ensemble] [--hop SECONDS] [--output FILE]",
    DESCRIPTION,
    exits={Exit.FAILED: "some clips could not be read; all others are answered"},
    sections={"examples": EXAMPLES},
)
PARSER.words(
    {
        "SWEEP": SWEEP_HELP,
        "INPUT": "files, folders, patterns, or tables",
    }
)
add_arm_options(PARSER, ensemble="all seeds of the arm together: the mean of their probabilities or ratings")
PARSER.value(
    "--hop",
    "SECONDS",
    "long recordings are answered whole: a window every so many seconds, a row each",
    read=command_line.number(
        f"a number of seconds, {LEAST_HOP_SECONDS:g} or more", lambda value: value >= LEAST_HOP_SECONDS
    ),
)
PARSER.value("--output", "FILE", ".csv, .jsonl or .parquet (default: CSV on the standard output)", read=Path)
PARSER.value("--results", "FOLDER", RESULTS_HELP)


@dataclass(frozen=True)
class Command:
    sweep: str
    inputs: tuple[str, ...]
    arm: str | None = None
    seed: int | None = None
    ensemble: bool = False
    hop_seconds: float | None = None
    output: Path | None = None
    results: str | None = None


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood."""
    given, problems = PARSER.read(arguments)
    if not given.words:
        problems.append("no SWEEP and no INPUT were given; see --help")
    elif len(given.words) == 1:
        problems.append(f"no INPUT was given for {given.words[0]!r}: name files, folders, patterns or a table")
    if problems:
        raise InputError(problems)
    sweep, *inputs = given.words
    return Command(sweep, tuple(inputs), given.arm, given.seed, given.ensemble, given.hop, given.output, given.results)


def predict(command: Command) -> int:
    """Answers and writes; the exit status. Raises InputError before the first answer."""
    doing(f"looking for {command.sweep} and its adapters")
    quiet_libraries()
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from sweeps.predict.answers_file import AnswersFile
    from sweeps.predict.inputs import clips
    from sweeps.predict.tuned import find_tuned
    from sweeps.predict.windows import windows

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    tuned = find_tuned(command.sweep, command.results, arm=command.arm, seed=command.seed, ensemble=command.ensemble)
    prompt = tuned.prompt
    file = AnswersFile(command.output, tuned.name, tuned.labels, tuned.ratings, asks=prompt is not None)
    wanted = clips(command.inputs)
    done()
    console.print(f"Loads {tuned.in_words}", markup=False)
    from sweeps.predict.model import Model  # torch, for seconds: what is wrong with the words is said before

    quiet_bars()
    model = Model(tuned)
    window, hop = model.hearing.window_seconds, command.hop_seconds
    asked = wanted if hop is None else windows(wanted, window, hop)
    if hop is not None and hop > window:
        console.print(f"Windows of {window:g} s every {hop:g} s: of what lies between them nothing is heard.")
    if file.done:
        console.print(f"Goes on: {len(file.done)} clips are answered in {command.output}", markup=False)
    problems: list[Answer] = []
    started, answered, cropped = time.monotonic(), 0, 0
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with file, Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("answering")
        for answer in model.predict(left(asked, file.done, prompt)):
            if answer.problem:
                problems.append(answer)
                continue
            file.write(answer)
            answered += 1
            cropped += hop is None and answer.heard_seconds >= window - 1e-6
            progress.update(bar, description=f"{answered} clips answered")
    seconds = time.monotonic() - started
    console.print(f"{answered} clips answered in {seconds:.1f} s{f': {command.output}' if command.output else ''}")
    if cropped:
        console.print(
            f"Of {cropped} clips the first {window:g} s were heard, which is all that the backbone takes at once; "
            f"--hop {window / 2:g} answers the rest too, window by window."
        )
    return _told(console, problems)


def left(wanted: Iterator[Example], done: set[Place], prompt: str | None = None) -> Iterator[Example]:
    """The clips that have no answer yet. `prompt` is what a clip without a question is asked, of a model that is."""
    return (clip for clip in wanted if _place(clip, prompt) not in done)


def _place(clip: Example, prompt: str | None) -> Place:
    question = [] if prompt is None else [clip.question or prompt]
    return (clip.audio[0].path, float(clip.start_seconds), clip.seconds, *question)


def _told(console: Console, problems: Sequence[Answer]) -> int:
    if not problems:
        return Exit.DONE
    console.print(f"{len(problems)} clips could not be read:")
    for answer in problems:
        console.print(f"  {answer.path}: {answer.problem}", markup=False)
    return Exit.FAILED


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, predict, arguments, interrupted="interrupted; the same command goes on")
