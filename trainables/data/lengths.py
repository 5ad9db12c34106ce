"""Which clips a task can use by their length: a transcript belongs to the whole of what is said."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trainables.data.check import clip_seconds
from trainables.data.examples import Example
from trainables.errors import InputError

TOLERANCE_SECONDS = 0.001  # lengths are sums of rounded numbers


def of_length(
    examples: Sequence[Example], *, shortest_seconds: float, longest_seconds: float | None, window_seconds: float
) -> list[Example]:
    """The examples that last `shortest_seconds` to `longest_seconds` and fit whole into the backbone's window.

    From headers alone; run `check_examples` first. InputError: none is left.
    """
    longest = min(math.inf if longest_seconds is None else longest_seconds, window_seconds)
    lengths = clip_seconds(examples)
    kept = [
        example
        for example, seconds in zip(examples, lengths, strict=True)
        if shortest_seconds - TOLERANCE_SECONDS <= seconds <= longest + TOLERANCE_SECONDS
    ]
    if not kept:
        raise InputError(
            f"data.source: none of {len(examples)} clips lasts {shortest_seconds:g} to {longest:g} s "
            f"(task.shortest_seconds, task.longest_seconds, and the {window_seconds:g} s that the backbone takes); "
            f"they last {min(lengths):.3g} to {max(lengths):.3g} s."
        )
    return kept
