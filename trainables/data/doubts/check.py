"""Everything that is wrong with a data set, found from targets and file headers before any compute."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from trainables.data.examples import Example
from trainables.data.sound.audio import AudioInfo, crop_problem, piece_bounds, probe
from trainables.errors import InputError

if TYPE_CHECKING:
    from trainables.contract import Task

MOST_PROBLEMS = 20
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
THREADS = 8  # headers are small reads: the wait is the disk's


Header = AudioInfo | tuple[str, ...]  # what a file's header says, or what is wrong with the file


def read_headers(examples: Sequence[Example]) -> dict[str, Header]:
    """Path -> header, of every file of the examples; each is opened once, and nothing is decoded."""
    paths = list(dict.fromkeys(piece.path for example in examples for piece in example.audio))
    with ThreadPoolExecutor(THREADS) as pool:
        return dict(zip(paths, pool.map(_header, paths), strict=True))


def check_examples(examples: Sequence[Example], task: Task, headers: Mapping[str, Header] | None = None) -> list[float]:
    """How many seconds each example lasts after its crop: what a backbone's window will cut or pad. `headers` are
    those of `read_headers`; without them they are read here. Nothing is decoded.

    Raises InputError: one sentence for each problem, the same one for many examples said once; at most 20 and how many
    more. Found here: repeated ids, targets that the task refuses, files that are missing, empty, unreadable or without
    samples, crops outside the sound. Broken data behind a good header shows only when it is decoded (`write_store`).
    """
    problems = [f"The data source gives the id {name!r} {n} times; ids must differ." for name, n in _repeated(examples)]
    problems += _text_problems(examples)
    problems += _target_problems(examples, task)
    headers = read_headers(examples) if headers is None else headers
    problems += [problem for header in headers.values() if isinstance(header, tuple) for problem in header]
    seconds: list[float] = []
    for example in examples:
        try:
            seconds.append(_seconds(example, headers))
        except InputError as error:
            problems += error.problems
    if len(problems) > MOST_PROBLEMS:
        left = len(problems) - MOST_PROBLEMS
        problems = [*problems[:MOST_PROBLEMS], f"... and {left} more problems in the data."]
    if problems:
        raise InputError(problems)
    return seconds


def _repeated(examples: Iterable[Example]) -> list[tuple[str, int]]:
    return [(name, count) for name, count in Counter(example.id for example in examples).items() if count > 1]


def _text_problems(examples: Iterable[Example]) -> list[str]:
    """Text that cannot be written to a file, or that would steer a terminal which shows it."""
    problems = []
    for number, example in enumerate(examples, start=1):
        texts = {"id": example.id, "group": example.group, "fold": example.fold, "target": example.target}
        texts |= {"audio": "".join(piece.path for piece in example.audio)}
        wrong = [name for name, text in texts.items() if isinstance(text, str) and UNWRITABLE.search(text)]
        if wrong:
            problems.append(f"Example {number}: its {', '.join(wrong)} holds control characters, or is no UTF-8.")
    return problems


def _target_problems(examples: Sequence[Example], task: Task) -> list[str]:
    first: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for example in examples:
        message = task.check_target(example.target)
        if message is not None:
            first.setdefault(message, example.id)
            counts[message] += 1
    return [
        f"{first[message]}: {message.rstrip('.')}{f' (as are {n - 1} further examples)' if n > 1 else ''}."
        for message, n in counts.items()
    ]


def _header(path: str) -> Header:
    try:
        return probe(path)
    except InputError as error:
        return error.problems


def _seconds(example: Example, headers: Mapping[str, Header]) -> float:
    """Raises InputError: the crop lies outside the sound. 0 where a header cannot be read, which is said already."""
    if not example.audio:
        raise InputError(f"{example.id}: names no audio.")
    joined = 0.0
    for piece in example.audio:
        header = headers[piece.path]
        if isinstance(header, tuple):
            return 0.0
        first, last = piece_bounds(piece, header)
        joined += last - first
    if problem := crop_problem(example, joined):
        raise InputError(f"{example.id}: {problem}")
    rest = joined - example.start_seconds
    return rest if example.seconds is None else min(rest, example.seconds)
