"""What all command lines share: how words are read, how problems are shown, and which exit status a command ends with.

| status | meaning | given by |
|---|---|---|
| 0 | done, whatever was found | all |
| 1 | the work failed; `sweeps.rerun`: the run differs; `sweeps.control`: no answer yet | run, rerun, control |
| 2 | the input is wrong, or the request is refused: nothing was started or changed | all |
| 3 | stopped in good order by a limit or by `sweeps.control`; the same command goes on | run |
| 130 | interrupted with Ctrl-C (128 + SIGINT) | all |
| 141 | the reader of the output has gone, as in `... \\| head` (128 + SIGPIPE) | all |

A command has a `Parser`, a function `parse` that turns words into its request, and a function that does it;
`main(parse, act)` runs the two. Loads no torch.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import os
import select
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from trainables.doing import done
from trainables.errors import InputError, SweepFailed, SweepStopped

Request = TypeVar("Request")
Reader = Callable[[str], Any]  # text -> value; raises ValueError with what was expected

WIDEST = 118  # columns of a help text
SHOWN = 60  # characters of a word that a message repeats


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    BAD_INPUT = 2
    STOPPED = 3
    INTERRUPTED = 130
    NO_READER = 141


MEANINGS = {
    Exit.DONE: "done",
    Exit.BAD_INPUT: "bad input",
    Exit.INTERRUPTED: "interrupted (Ctrl-C)",
    Exit.NO_READER: "the reader of the output has gone",
}


class Parser(argparse.ArgumentParser):
    """argparse, with every problem reported at once and the exit statuses in the help text.

    `synopsis` is what follows `python -m MODULE` in the usage line; `exits` says what a status means for this command
    where MEANINGS does not; `sections` are further parts of the help text: heading -> text, indented as shown.
    """

    def __init__(
        self,
        module: str,
        synopsis: str | Sequence[str],
        description: str,
        *,
        exits: Mapping[Exit, str] = MEANINGS,
        sections: Mapping[str, str] | None = None,
    ) -> None:
        lines = (synopsis,) if isinstance(synopsis, str) else tuple(synopsis)
        super().__init__(
            prog=f"python -m {module}",
            usage="\n       ".join(f"python -m {module} {line}" for line in lines),
            description=description.strip(),
            epilog=_epilog(dict(sections or {}), {**MEANINGS, **exits}),
            formatter_class=_Formatter,
            allow_abbrev=False,
        )
        self._options: dict[str, argparse.Action] = {}

    def words(self, rows: Mapping[str, str]) -> None:
        """The words that are no options, read as the list `words`; `rows` describes them, name -> help."""
        for number, (name, text) in enumerate(rows.items()):
            self.add_argument(f"words_{number}" if number else "words", nargs="*", metavar=name, help=text)

    def flag(self, name: str, text: str) -> None:
        self._options[name] = self.add_argument(name, action="store_true", help=text)

    def value(
        self, name: str, metavar: str, text: str, *, also: str | None = None, read: Reader = str, default: Any = None
    ) -> None:
        """An option with a value, `also` under a second name. Where `read` refuses the text, the problem is kept and
        the other options are read."""
        names = [name] if also is None else [name, also]
        option = self.add_argument(*names, action=_Checked, metavar=metavar, help=text, read=read, default=default)
        self._options |= dict.fromkeys(names, option)

    def read(self, arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
        """The words and options, and what is wrong with them. `--help` prints the help text and raises SystemExit."""
        words, problems = self._joined(arguments)
        given, left = self.parse_known_intermixed_args(words, argparse.Namespace(problems=problems))
        dashed = [word for word in left if word.startswith("-")] or left  # what follows an unknown option is its value
        unknown = dict.fromkeys(word.partition("=")[0] for word in dashed)
        known = ", ".join([*self._options, "--help"])
        for name in unknown:
            near = nearest_word(name, [*self._options, "--help"])
            meant = f"did you mean {near}?" if near else f"there are {known}."
            problems.append(f"{name[:SHOWN]} is not an option; {meant}")
        return given, problems

    def error(self, message: str) -> NoReturn:
        raise InputError(message)

    def _joined(self, arguments: Sequence[str]) -> tuple[list[str], list[str]]:
        """`--name value` as `--name=value`, so that a value may begin with a dash; and the options without a value."""
        words: list[str] = []
        problems: list[str] = []
        rest = list(arguments)
        while rest:
            word = rest.pop(0)
            option = self._options.get(word)
            if not isinstance(option, _Checked):
                words.append(word)
            elif rest and rest[0] not in self._options:
                words.append(f"{word}={rest.pop(0)}")
            else:
                problems.append(f"{word}: a value is missing; write {word} {option.metavar}.")
        return words, problems


class _Checked(argparse.Action):
    """Stores what `read` makes of a text, or says in `namespace.problems` what was expected."""

    def __init__(self, *names: Any, read: Reader, **options: Any) -> None:
        super().__init__(*names, **options)
        self.read = read

    def __call__(self, parser: Any, namespace: argparse.Namespace, text: Any, option_string: str | None = None) -> None:
        try:
            setattr(namespace, self.dest, self.read(text))
        except ValueError as error:
            namespace.problems.append(f"{option_string} {text[:SHOWN]}: expected {error}.")


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=24, width=min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns))


def to_copy(module: str, *words: str) -> str:
    """A command that runs where this one was given: one line for a shell, each word quoted where it must be."""
    return shlex.join([*python_words(), "-m", module, *words])


def python_words() -> list[str]:
    """How Python is started here: `uv run python` below uv, `python` where that is this environment's, or its path."""
    if "UV_RUN_RECURSION_DEPTH" in os.environ:  # what `uv run` gives to what it starts
        return ["uv", "run", "python"]
    here = Path(sys.executable)
    found = shutil.which("python")
    if found is not None and Path(found).absolute().parent == here.parent:
        return ["python"]
    below = here.is_relative_to(Path.cwd())  # .venv/bin/python, in the folder where `-m` finds the package
    return [str(here.relative_to(Path.cwd()) if below else here)]


def nearest_word(word: str, known: Sequence[str]) -> str | None:
    """The known word that this one is a slip of; None where none is near."""
    found = difflib.get_close_matches(word[:SHOWN], known, n=1, cutoff=0.75)
    return found[0] if found else None


def number(expected: str, allowed: Callable[[float], bool]) -> Reader:
    """Reads a number for which `allowed` holds; `expected` says which numbers these are."""
    return _checked(float, expected, allowed)


def whole_number(expected: str, allowed: Callable[[int], bool]) -> Reader:
    """Reads a whole number for which `allowed` holds; `expected` says which numbers these are."""
    return _checked(int, expected, allowed)


def one_of(names: Sequence[str]) -> Reader:
    """Reads one of these words."""
    return _checked(str, f"one of {', '.join(names)}", lambda word: word in names)


def _checked(convert: Callable[[str], Any], expected: str, allowed: Callable[[Any], bool]) -> Reader:
    def read(text: str) -> Any:
        try:
            value = convert(text)
        except ValueError:
            raise ValueError(expected) from None
        if not allowed(value):
            raise ValueError(expected)
        return value

    return read


WHOLE = whole_number("a whole number", lambda value: True)
NOT_NEGATIVE = whole_number("a whole number, at least 0", lambda value: value >= 0)
POSITIVE = whole_number("a whole number above 0", lambda value: value > 0)


def _epilog(sections: dict[str, str], exits: Mapping[Exit, str]) -> str:
    parts = [f"{heading}:\n{text.rstrip()}" for heading, text in sections.items()]
    statuses = "\n".join(f"  {int(status):<5} {exits[status]}" for status in sorted(exits))
    return "\n\n".join([*parts, f"exit status:\n{statuses}"])


def main(
    parse: Callable[[Sequence[str]], Request],
    act: Callable[[Request], int | None],
    arguments: Sequence[str] | None = None,
    *,
    interrupted: str = "interrupted",
) -> int:
    """Runs a command and returns its exit status: what `act` returns (None: done), or one of `Exit`.

    `arguments` are the process's own by default. `interrupted` is what Ctrl-C prints. InputError, SweepFailed and
    SweepStopped are printed as sentences; any other exception is a fault of the program and keeps its traceback.
    """
    try:
        try:
            request = parse(sys.argv[1:] if arguments is None else list(arguments))
        except SystemExit as stop:  # argparse has printed the help text
            return int(stop.code or 0)
        try:
            status = act(request)
        finally:
            done()
        sys.stdout.flush()  # a reader that has gone shows here, not when Python ends
        return Exit.DONE if status is None else status
    except InputError as error:
        for problem in error.problems:
            _say(f"error: {problem}")
        return Exit.BAD_INPUT
    except SweepFailed as failure:
        _say(f"failed: {failure}")
        return Exit.FAILED
    except SweepStopped as stop:
        _say(f"stopped: {stop}; the same command goes on where it was")
        return Exit.STOPPED
    except KeyboardInterrupt:
        _say(interrupted)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        if not _reader_has_gone():
            raise  # another pipe or socket
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered goes nowhere
        return Exit.NO_READER


def _say(text: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        print(text, file=sys.stderr)


def _reader_has_gone() -> bool:
    """Whether nobody reads standard output any more."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # standard output is no file, or closed
        return False
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
