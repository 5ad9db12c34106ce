"""Everything that is wrong with a data set, found from targets and file headers before any compute."""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trainables.data.decoding.files import for_each_file
from trainables.data.decoding.jobs import headers_in
from trainables.data.examples import Example
from trainables.data.reading import MOST_PROBLEMS, Account, Skip
from trainables.data.sound.audio import headers_of
from trainables.data.sound.recording import AudioInfo
from trainables.data.sound.stretches import LONGEST_SECONDS, crop_problem, piece_bounds, too_long
from trainables.data.tables.missing import missing_problems
from trainables.errors import InputError

if TYPE_CHECKING:
    from trainables.contract import Task

UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NUMBER = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?")
FEWEST_MILLISECONDS = 100  # a smaller number may well be the longest length in seconds that is wanted
LEAST_OVERSHOOT_SECONDS = 0.1  # ends are rounded, and encoders add and cut a little

Header = AudioInfo | tuple[str, ...]  # or what is wrong with the file


def read_headers(examples: Sequence[Example]) -> dict[str, Header]:
    """Path -> header, of every file of the examples; each is opened once, and nothing is decoded."""
    paths = list(dict.fromkeys(piece.path for example in examples for piece in example.audio))
    return dict(zip(paths, for_each_file("headers", headers_of, headers_in, paths), strict=True))


def check_examples(
    examples: Sequence[Example],
    task: Task,
    headers: Mapping[str, Header] | None = None,
    account: Account | None = None,
    skip: Skip | None = None,
) -> list[float]:
    """How many seconds each example lasts after its crop: what a backbone's window will cut or pad. NaN for those that
    are left out, which the account then holds. `headers` are those of `read_headers`; without them they are read here.

    Found here: targets that the task refuses, files that are missing, empty, unreadable or without samples, crops
    outside the sound. Broken data behind a good header shows only when it is decoded (`write_store`).
    Raises InputError: more examples, together with the rows that the account has left out already, than `skip` allows
    (none where it is not given), each problem once and at most 20 and how many more; repeated ids.
    """
    account = account or Account()
    rows = len(examples) + len(account.left_out)
    headers = dict(read_headers(examples) if headers is None else headers)
    missing = [path for path, header in headers.items() if isinstance(header, tuple) and not os.path.lexists(path)]
    headers |= {path: (problem,) for path, problem in missing_problems(missing, account.audio_homes).items()}
    seconds = []
    first: dict[str, str] = {}
    for example in examples:
        unheard = False
        of_row = _row_problems(example, task)
        try:
            lasts = _seconds(example, headers, account)
            found = of_row
        except InputError as error:
            found = [*of_row, *_said_once(_without_paths(error.problems, example), first)]
            unheard = isinstance(error, _OfSound) and not of_row
        if found:
            account.leave_out(place_of(example), " ".join(found), sound=unheard)
        seconds.append(math.nan if found else lasts)
    kept = [example for example, lasts in zip(examples, seconds, strict=True) if not math.isnan(lasts)]
    problems = [f"The data source gives the id {name!r} {n} times; ids must differ." for name, n in _repeated(kept)]
    try:
        account.refuse_beyond(skip or Skip(), rows)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems[: MOST_PROBLEMS + 2])
    return seconds


class _OfSound(InputError):
    """The sound is at fault, and not the row."""


def _repeated(examples: Iterable[Example]) -> list[tuple[str, int]]:
    return [(name, count) for name, count in Counter(example.id for example in examples).items() if count > 1]


def place_of(example: Example) -> str:
    """The id, with the file where that is called otherwise."""
    name = Path(example.audio[0].path).name if example.audio else ""
    return example.id if name in example.id else f"{example.id} ({name})"


def _without_paths(problems: Iterable[str], example: Example) -> list[str]:
    """Equal problems of several files read alike, to be said once."""
    for piece in example.audio:
        problems = [problem.removeprefix(f"{piece.path}: ") for problem in problems]
    return list(problems)


def _said_once(problems: Iterable[str], first: dict[str, str]) -> list[str]:
    """Problems that differ in numbers alone read as the first of them does."""
    return [first.setdefault(_NUMBER.sub("#", problem), problem) for problem in problems]


def _row_problems(example: Example, task: Task) -> list[str]:
    problems = []
    # text that cannot be written to a file, or that would steer a terminal which shows it
    texts = {"id": example.id, "group": example.group, "fold": example.fold, "target": example.target}
    texts |= {"audio": "".join([piece.path for piece in example.audio]), "language": example.language}
    texts |= {"question": example.question}
    if UNWRITABLE.search("\n".join([text for text in texts.values() if isinstance(text, str)])):
        wrong = [name for name, text in texts.items() if isinstance(text, str) and UNWRITABLE.search(text)]
        problems.append(f"its {', '.join(wrong)} holds control characters, or is no UTF-8.")
    message = task.check_target(example.target)
    return problems if message is None else [*problems, f"{message.rstrip('.')}."]


def _seconds(example: Example, headers: Mapping[str, Header], account: Account) -> float:
    """Raises InputError, without the example's place: the crop lies outside the sound, or a header cannot be read."""
    if not example.audio:
        raise InputError("names no audio.")
    joined = 0.0
    for piece in example.audio:
        header = headers[piece.path]
        if isinstance(header, tuple):
            raise _OfSound(header)
        first, last = piece_bounds(piece, header)
        joined += last - first
    if problem := crop_problem(example, joined) or _overshoot(example, joined, account.states_ends):
        raise InputError(problem)
    rest = joined - example.start_seconds
    heard = rest if example.seconds is None else min(rest, example.seconds)
    if heard > LONGEST_SECONDS:
        raise InputError(too_long(heard))
    return heard


def _overshoot(example: Example, joined: float, states_ends: bool) -> str | None:
    """What is wrong with a stretch that reaches beyond its sound. `seconds` alone may be a longest length, and then
    only a length as of milliseconds is wrong."""
    if example.seconds is None:
        return None
    end = example.start_seconds + example.seconds
    if example.seconds >= FEWEST_MILLISECONDS and example.seconds > 10 * joined:
        return (
            f"seconds is {example.seconds:g} and the sound has {joined:.3g} s (milliseconds where seconds were meant?)."
        )
    if states_ends and end > joined + max(LEAST_OVERSHOOT_SECONDS, example.seconds / 10):
        hint = " in milliseconds, or" if end < 1000 * joined and end >= FEWEST_MILLISECONDS else ""
        return (
            f"ends at {end:g} s and the sound has {joined:.3g} s; are the times{hint} those of another file, such as "
            "the recording that it was cut from?"
        )
    return None
