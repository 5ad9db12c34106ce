"""Long recordings, window by window: what a backbone cannot hear at once is answered in several clips."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

from trainables.data.examples import Example
from trainables.data.sound.audio import probe
from trainables.data.sound.stretches import piece_bounds
from trainables.errors import InputError

NEARLY = 1e-6  # seconds


def windows(clips: Iterable[Example], window_seconds: float, hop_seconds: float) -> Iterator[Example]:
    """Each clip as stretches of `window_seconds`, one every `hop_seconds`, until one reaches the clip's end; the last
    may be shorter. Headers are read as clips are asked for; a clip that cannot be read comes as it is."""
    for clip in clips:
        try:
            length = seconds_of(clip)
        except InputError:  # said when it is decoded
            yield clip
            continue
        count = 1 + max(0, math.ceil((length - window_seconds) / hop_seconds - NEARLY))
        for number in range(count):
            start = number * hop_seconds
            if start < length - NEARLY:
                seconds = round(min(window_seconds, length - start), 9)
                yield replace(clip, start_seconds=round(clip.start_seconds + start, 9), seconds=seconds)


def seconds_of(clip: Example) -> float:
    """How long it is, by the headers of its files. Raises InputError: a file that cannot be read."""
    joined = 0.0
    for piece in clip.audio:
        first, last = piece_bounds(piece, probe(piece.path))
        joined += last - first
    rest = joined - clip.start_seconds
    if rest <= 0:
        raise InputError(f"{clip.id}: it starts behind the end of its sound.")
    return rest if clip.seconds is None else min(rest, clip.seconds)
