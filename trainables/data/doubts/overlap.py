"""Clips that share sound: a stretch of one file, or of files that hold the same sound, whatever they are called.

Where splits are drawn, clips that share sound are put into one group first, so that they stay on one side. Where the
data set divides them itself, and in further test data, they are refused. Loads no torch.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from trainables.data.doubts.check import Header, read_headers
from trainables.data.doubts.files import FileTraits, read_traits
from trainables.data.doubts.names import is_named
from trainables.data.examples import SPLITS, AudioPiece, Example

SHOWN = 3

Sound = tuple[str, int | None]  # what a file holds, and the channel of it that is heard


@dataclass(frozen=True, slots=True)
class Stretch:
    """What an example hears of a file. Seconds; `end` may be infinite."""

    start: float
    end: float
    example: Example


@dataclass(frozen=True)
class Joined:
    """Examples whose groups are such that no two groups share sound."""

    examples: list[Example]
    sharing: Mapping[str, str] = field(default_factory=dict)  # id of a clip -> one of another group with sound of it
    groups_before: int = 0  # those that were joined


def overlaps(
    seen: Sequence[Example], further: Sequence[Example], headers: Mapping[str, Header] | None = None
) -> list[str]:
    """A sentence for each way in which `further` overlaps with `seen`, none where it does not: sound that both hear,
    and groups that both name. `headers` are those of all files where they are known already.

    Raises OSError: a file cannot be read.
    """
    traits = read_traits(read_headers([*seen, *further]) if headers is None else headers)
    found = heard_twice(seen, further, traits, "training or validation")
    named = {example.group for example in seen if is_named(example)}
    groups = sorted({example.group for example in further if is_named(example)} & named)
    if groups:
        found.append(f"{len(groups)} of its groups stand in training or validation too ({', '.join(groups[:SHOWN])})")
    return found


def heard_twice(
    seen: Sequence[Example], further: Sequence[Example], traits: Mapping[str, FileTraits], where: str
) -> list[str]:
    """One sentence where clips of `further` are heard in `seen` too, which is called `where`; else none."""
    theirs = {content: _Line(stretches) for content, stretches in _by_content(seen, traits).items()}
    sound: dict[str, str] = {}
    for content, stretches in _by_content(further, traits).items():
        for mine in stretches if content in theirs else ():
            if other := theirs[content].meeting(mine):
                sound.setdefault(mine.example.id, other.id)
    if not sound:
        return []
    shown = ", ".join(f"{mine} is {other}" for mine, other in list(sound.items())[:SHOWN])
    return [f"{len(sound)} of {len(further)} clips are heard in {where} too ({shown})"]


def torn(examples: Sequence[Example], sides: Mapping[str, str], traits: Mapping[str, FileTraits]) -> list[str]:
    """A sentence for each side that hears sound of sides before it; `sides` is example id -> train | validation | test,
    or a fold."""
    names = [name for name in SPLITS if name in sides.values()]
    names += sorted(set(sides.values()) - set(SPLITS))
    found = []
    for index, name in enumerate(names):
        mine = [example for example in examples if sides[example.id] == name]
        before = [example for example in examples if sides[example.id] in names[:index]]
        where = " or ".join(names[:index])
        found += [f"{name}: {sentence}." for sentence in heard_twice(before, mine, traits, where)]
    return found


def join_groups(examples: Sequence[Example], traits: Mapping[str, FileTraits]) -> Joined:
    """Groups that share sound become one, called by the first of their names in the alphabet. Files without a group
    that hold the same sound are one group whatever stretch of them is heard, as is a file under one name."""
    parent: dict[str, str] = {}

    def root(group: str) -> str:
        while (above := parent.get(group, group)) != group:
            parent[group] = parent.get(above, above)
            group = above
        return group

    sharing: dict[str, str] = {}

    def join(one: Example, other: Example) -> None:
        if one.group != other.group:
            sharing.setdefault(one.id, other.id)
            first, second = sorted((root(one.group), root(other.group)))
            parent[second] = first

    for stretches in _by_content(examples, traits).values():
        if len(stretches) == 1:
            continue
        longest: Stretch | None = None  # of those so far, the one that ends last
        for stretch in sorted(stretches, key=lambda stretch: stretch.start):
            if longest is not None and stretch.start < longest.end:
                join(stretch.example, longest.example)
            if longest is None or stretch.end > longest.end:
                longest = stretch
    unnamed: dict[str, Example] = {}  # by content
    for example in examples:
        if not is_named(example):
            for piece in example.audio:
                if not traits[piece.path].silent:
                    join(example, unnamed.setdefault(traits[piece.path].content, example))
    joined = {example.group for example in examples if root(example.group) != example.group}
    joined |= {root(group) for group in joined}
    renamed = [
        replace(example, group=root(example.group)) if example.group in joined else example for example in examples
    ]
    return Joined(renamed, sharing, len(joined))


def contrary(examples: Iterable[Example], traits: Mapping[str, FileTraits]) -> list[list[Example]]:
    """Clips of the same sound from the same second to the same second, asked the same, whose targets differ, a list for
    each sound."""
    examples = list(examples)
    uses = Counter(traits[example.audio[0].path].content for example in examples if example.audio)
    first: dict[tuple[object, ...], Example] = {}
    same: dict[tuple[object, ...], list[Example]] = {}  # only of what is heard twice: of a million clips few are
    for example in examples:
        if example.audio and uses[traits[example.audio[0].path].content] == 1:
            continue
        if all(traits[piece.path].silent for piece in example.audio):
            continue
        key = (*_sound_heard(example, traits), example.question)
        before = first.setdefault(key, example)
        if before is not example:
            same.setdefault(key, [before]).append(example)
    return [members for members in same.values() if any(other.target != members[0].target for other in members)]


def _sound_heard(example: Example, traits: Mapping[str, FileTraits]) -> tuple[object, ...]:
    """Content, channel, first and last millisecond of each file that is heard."""
    key: list[object] = []
    for piece, start, end in _heard(example):
        file = traits[piece.path]
        key += (file.content, piece.channel, round(1000 * start), round(1000 * min(end, file.seconds)))
    return tuple(key)


class _Line:
    """The stretches of one sound, to be asked which of them meets another."""

    def __init__(self, stretches: Iterable[Stretch]) -> None:
        self._ordered = sorted(stretches, key=lambda stretch: stretch.start)
        self._starts = [stretch.start for stretch in self._ordered]
        # of the stretches up to each, the one that ends last
        self._last: list[Stretch] = list(accumulate(self._ordered, _later))

    def meeting(self, stretch: Stretch) -> Example | None:
        begun = bisect_left(self._starts, stretch.end)
        if begun and self._last[begun - 1].end > stretch.start:
            return self._last[begun - 1].example
        return None


def _later(one: Stretch, other: Stretch) -> Stretch:
    return other if other.end > one.end else one


def _by_content(examples: Iterable[Example], traits: Mapping[str, FileTraits]) -> dict[Sound, list[Stretch]]:
    found: dict[Sound, list[Stretch]] = defaultdict(list)
    for example in examples:
        for piece, start, end in _heard(example):
            # nothing is learnt by heart from silence, and it would join all that it stands in
            if not traits[piece.path].silent:
                found[traits[piece.path].content, piece.channel].append(Stretch(start, end, example))
    return found


def _heard(example: Example) -> list[tuple[AudioPiece, float, float]]:
    """(piece, first second, last second) of each file that is heard; a crop over several pieces counts as whole."""
    found = []
    for piece in example.audio:
        start, end = piece.start_seconds, math.inf if piece.seconds is None else piece.start_seconds + piece.seconds
        if len(example.audio) == 1:
            start += example.start_seconds
            end = min(end, math.inf if example.seconds is None else start + example.seconds)
        found.append((piece, start, end))
    return found
