"""The part of the format that says what is confirmed, under which seeds, and when that is enough."""

from __future__ import annotations

from sweeps.config.container_types import Either, Field, Many, Table
from sweeps.config.scalar_types import Name, Number
from sweeps.config.search_types import COUNT, SEARCH
from sweeps.config.spec import NEVER, SEQUENTIAL

STOPS = (SEQUENTIAL, NEVER)
SEED = Number(minimum=0, maximum=2**32 - 1, whole=True)  # what NumPy takes

SEEDS = Table(
    {
        "explore": Field(Many(SEED), "Seeds of every trial of stage 1: one training per seed, all in step."),
        "confirm": Field(Many(SEED), "Seeds of stage 2, none of them out of explore: one training per arm and seed."),
    }
)

FINALISTS = Either(
    (
        COUNT,
        Table(
            {
                "count": Field(COUNT, "How many of the best trials are confirmed in stage 2."),
                "per": Field(
                    Name(tuple(SEARCH.fields)),
                    "A choice axis: the best trial of each of its values.",
                ),
            }
        ),
    )
)

CONFIRM = Table(
    {
        "stop": Field(
            Name(STOPS),
            "sequential: looks at 2, 3, 5, ... seeds, and an arm that is decided gets no more; never: all seeds.",
        ),
        "looks": Field(
            Many(Number(minimum=2, maximum=10_000, whole=True)),
            "Numbers of confirm seeds at which to look, increasing; left out: 2, 3, 5, 8, ...",
        ),
        "worth": Field(
            Number(above=0),
            "The smallest difference that matters, in the metric's unit: who cannot reach it gets no more seeds.",
        ),
    }
)
