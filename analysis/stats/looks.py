"""When to look at a confirmation while it runs. Loads nothing, for a plan."""

from __future__ import annotations

FEWEST_SEEDS = 3  # to look at two of


def interim_looks(seeds: int) -> tuple[int, ...]:
    """Numbers of seeds at which to look, the last one all of them: 2, 3, 5, 8, 13, ... as far as they go."""
    looks, further = [2, 3], 5
    while further < seeds:
        looks.append(further)
        further = looks[-1] + looks[-2]
    return (*(look for look in looks if look < seeds), seeds)
