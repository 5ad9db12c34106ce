"""Which clips a task can use by their length: a transcript belongs to the whole of what is said."""

from __future__ import annotations

from collections.abc import Sequence

from trainables.errors import InputError

TOLERANCE_SECONDS = 0.001  # lengths are sums of rounded numbers


def of_length(
    seconds: Sequence[float],
    *,
    shortest_seconds: float,
    longest_seconds: float,
    window_seconds: float,
) -> list[bool]:
    """Which examples last `shortest_seconds` to `longest_seconds`, as a task's `usable_seconds` has them.

    `seconds` is how long each lasts, as `check_examples` found. `window_seconds`, what the backbone takes, is for the
    error alone. Raises InputError: none is left.
    """
    shortest, longest = shortest_seconds - TOLERANCE_SECONDS, longest_seconds + TOLERANCE_SECONDS
    kept = [shortest <= length <= longest for length in seconds]
    if not any(kept):
        raise InputError(
            f"data.source: none of {len(seconds)} clips lasts {shortest_seconds:g} to {longest_seconds:g} s "
            f"(task.shortest_seconds, task.longest_seconds, and the {window_seconds:g} s that the backbone takes); "
            f"they last {min(seconds):.3g} to {max(seconds):.3g} s."
        )
    return kept
