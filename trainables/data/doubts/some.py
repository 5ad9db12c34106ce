"""Some clips of a data set, decoded before it is divided: a bounded look at what headers do not tell."""

from __future__ import annotations

from collections.abc import Sequence

from trainables.data.doubts.listen import Heard, listen
from trainables.data.examples import Example

MOST_CLIPS = 200
MOST_SECONDS = 1800.0  # of sound, of all clips together: some seconds of decoding
LONGEST_SECONDS = 120.0  # of one clip


def listen_to_some(examples: Sequence[Example], seconds: Sequence[float], window_seconds: float) -> Heard:
    """`seconds` is how long each example lasts, `window_seconds` what is heard of it at most. Raises nothing for what
    is wrong with the sound."""
    chosen = [examples[number] for number in _spread(seconds)]
    return listen(chosen, LONGEST_SECONDS, window_seconds)


def _spread(seconds: Sequence[float]) -> list[int]:
    """At most MOST_CLIPS numbers, evenly spread, of MOST_SECONDS together."""
    count = min(len(seconds), MOST_CLIPS)
    numbers = [number * len(seconds) // count for number in range(count)]
    total = sum(min(seconds[number], LONGEST_SECONDS) for number in numbers)
    step = max(1, -int(-total // MOST_SECONDS))
    return numbers[::step]
