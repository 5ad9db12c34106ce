"""Which results a decision of the search may rest on.

Two trials that train side by side end in an order that the load of the machine decides. A sampler and a pruner that
hear of results as they come decide otherwise when the same sweep runs a second time. In order, a decision rests on the
results of trials with lower numbers, whatever has ended by then; what is not there yet is waited for. So that a place
seldom waits, a decision does without the trials that are likely to run beside it: how many follows from the number of
places. What is waited is measured by `python -m benchmarks.decisions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sweeps.config.spec import IN_ORDER

FEWEST_RESULTS = 10  # Optuna's own default for TPE


@dataclass(frozen=True)
class Decisions:
    """`order` is in_order or as_they_come; `places` is how many trials train at once, at least 1."""

    order: str
    places: int

    @property
    def in_order(self) -> bool:
        return self.order == IN_ORDER

    @property
    def unknown_to_sampler(self) -> int:
        """How many trials just before a new one the sampler leaves out of what it knows: fewer would let places wait,
        more would let it search with less to go by."""
        if self.places == 1:
            return 0
        return self.places * (3 if 2 < self.places <= 8 else 2)

    @property
    def unknown_at_rung(self) -> int:
        """How many trials just before one are left out where it is held against others."""
        return (self.places - 1) // 2

    def known_to_sampler(self, number: int) -> int:
        """How many trials, from the first on, have to be over before trial `number` (from 0) is proposed."""
        return max(0, number - self.unknown_to_sampler)

    @property
    def results_first(self) -> int:
        """How many results the sampler has to know before it proposes by them."""
        return max(FEWEST_RESULTS, 2 * self.places)

    @property
    def random_trials(self) -> int:
        """How many trials are drawn at random at the beginning, at least: it waits for results."""
        return self.results_first + (self.unknown_to_sampler if self.in_order else 0)

    @property
    def in_words(self) -> str:
        return f"{self.order}, {self.places} at once, the first {self.random_trials} at random"

    def as_event(self) -> dict[str, Any]:
        return {"order": self.order, "places": self.places}

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> Decisions:
        return cls(event["order"], event["places"])
