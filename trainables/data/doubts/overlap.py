"""Whether further test data really are further: nothing in them that a sweep trains on or chooses by. Loads no torch.

Two examples overlap where they share a stretch of a file of the same bytes, whatever it is called, or where their data
sets name the same group. A recording that was encoded anew is another file, and is not found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from trainables.data.examples import Example
from trainables.data.fingerprint import file_digests

SHOWN = 3


def overlaps(seen: Sequence[Example], further: Sequence[Example]) -> list[str]:
    """A sentence for each way in which `further` overlaps with `seen`, none where it does not.

    Raises OSError: a file cannot be read.
    """
    digests = file_digests([*seen, *further])
    stretches: dict[str, list[tuple[float, float, str]]] = {}
    for example in seen:
        for path, start, end in _stretches(example):
            stretches.setdefault(digests[path], []).append((start, end, example.id))
    sound = {
        example.id: other
        for example in further
        for path, start, end in _stretches(example)
        for first, last, other in stretches.get(digests[path], ())
        if start < last and first < end
    }
    named = {example.group for example in seen if _is_named(example)}
    groups = sorted({example.group for example in further if _is_named(example)} & named)
    found = []
    if sound:
        shown = ", ".join(f"{mine} is {other}" for mine, other in list(sound.items())[:SHOWN])
        found.append(f"{len(sound)} of {len(further)} clips are heard in training or validation too ({shown})")
    if groups:
        shown = ", ".join(groups[:SHOWN])
        found.append(f"{len(groups)} of its groups stand in training or validation too ({shown})")
    return found


def _stretches(example: Example) -> list[tuple[str, float, float]]:
    """(path, first second, last second) of each file that is heard; a crop over several pieces counts as whole."""
    found = []
    for piece in example.audio:
        start, end = piece.start_seconds, math.inf if piece.seconds is None else piece.start_seconds + piece.seconds
        if len(example.audio) == 1:
            start += example.start_seconds
            end = min(end, math.inf if example.seconds is None else start + example.seconds)
        found.append((piece.path, start, end))
    return found


def _is_named(example: Example) -> bool:
    """Whether the data set says what the group is; without a word from it the files' names stand there."""
    paths = [Path(piece.path).as_posix() for piece in example.audio]
    return not all(any(path.endswith(part) for path in paths) for part in example.group.split("+"))
