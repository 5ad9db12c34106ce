"""What the headers of a data set's files say, counted: sample rates, channels, endings, and how long clips last."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from trainables.data.sound.endings import ending_of
from trainables.data.sound.recording import AudioInfo

Value = TypeVar("Value")

MOST_BINS = 12


@dataclass(frozen=True)
class LengthBin:
    """Clips that last `from_seconds` or more, and less than `to_seconds`."""

    from_seconds: float
    to_seconds: float
    clips: int


@dataclass(frozen=True)
class SoundFacts:
    files: int
    rates_hz: tuple[tuple[int, int], ...]  # (sample rate in Hz, files), the commonest first
    channels: tuple[tuple[int, int], ...]  # (channels, files)
    endings: tuple[tuple[str, int], ...]  # (ending of the name, files)
    shortest_seconds: float  # of a clip, after its crop
    median_seconds: float
    longest_seconds: float
    lengths: tuple[LengthBin, ...]  # each twice as wide as the one before; empty where all clips fall into one


def sound_facts(headers: Iterable[tuple[str, AudioInfo]], seconds: Sequence[float]) -> SoundFacts:
    """`headers` are (path, header) of every file, `seconds` how long each clip lasts after its crop, one at least."""
    named = list(headers)
    ordered = sorted(seconds)
    return SoundFacts(
        files=len(named),
        rates_hz=_counted(header.sample_rate_hz for _, header in named),
        channels=_counted(header.channels for _, header in named),
        endings=_counted(ending_of(path) for path, _ in named),
        shortest_seconds=round(ordered[0], 3),
        median_seconds=round(median(ordered), 3),
        longest_seconds=round(ordered[-1], 3),
        lengths=_bins(ordered),
    )


def median(ordered: Sequence[float]) -> float:
    """Of sorted numbers, one at least: the middle one, or the mean of the two in the middle."""
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _counted(values: Iterable[Value]) -> tuple[tuple[Value, int], ...]:
    return tuple(Counter(values).most_common())


def _bins(ordered: Sequence[float]) -> tuple[LengthBin, ...]:
    """Powers of two as edges; what is shorter than the lowest of MOST_BINS edges is counted with the first."""
    top = _power(ordered[-1])
    powers = [max(_power(length), top - MOST_BINS + 1) for length in ordered]
    counts = Counter(powers)
    lowest = min(powers)
    if lowest == top:
        return ()
    return tuple(
        LengthBin(2.0**power if power > top - MOST_BINS + 1 else 0.0, 2.0 ** (power + 1), counts[power])
        for power in range(lowest, top + 1)
    )


def _power(seconds: float) -> int:
    """The largest n with 2**n at most `seconds`."""
    return math.frexp(max(seconds, 1e-6) + 1e-9)[1] - 1
