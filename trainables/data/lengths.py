"""Which clips a task can use by their length: a transcript belongs to the whole of what is said."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trainables.errors import InputError

TOLERANCE_SECONDS = 0.001  # lengths are sums of rounded numbers


def of_length(
    seconds: Sequence[float],
    *,
    shortest_seconds: float,
    longest_seconds: float | None,
    window_seconds: float,
) -> list[bool]:
    """Which examples last `shortest_seconds` to `longest_seconds` and fit whole into the backbone's window.

    `seconds` is how long each lasts, as `check_examples` found. InputError: none is left.
    """
    longest = min(math.inf if longest_seconds is None else longest_seconds, window_seconds)
    kept = [shortest_seconds - TOLERANCE_SECONDS <= length <= longest + TOLERANCE_SECONDS for length in seconds]
    if not any(kept):
        raise InputError(
            f"data.source: none of {len(seconds)} clips lasts {shortest_seconds:g} to {longest:g} s "
            f"(task.shortest_seconds, task.longest_seconds, and the {window_seconds:g} s that the backbone takes); "
            f"they last {min(seconds):.3g} to {max(seconds):.3g} s."
        )
    return kept
