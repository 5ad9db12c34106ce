"""`limits:` of the sweep file, as overseers of the sweep."""

from __future__ import annotations

import time

from sweeps.orders import Hold, Order

SECONDS_PER_HOUR = 3600.0


class TimeLimit:
    """`limits.hours`: of this session, so that the same command goes on for as long again."""

    def __init__(self, hours: float, started: float) -> None:
        """`started` is when the session began, by `time.monotonic`."""
        self.hours, self.started = hours, started

    def order(self) -> Order:
        if time.monotonic() - self.started < self.hours * SECONDS_PER_HOUR:
            return Order()
        return Order(Hold.END, f"limits.hours: this session has had its {self.hours:g} hours")
