"""What can pause or stop a running stage: a limit, repeated failures, or the user.

Every overseer is asked, about once a second, what it orders, and the strictest order holds. A stage that is held back
loses nothing: what a trial has trained is on the disk at the end of each epoch, and the journal knows it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from trainables.errors import SweepFailed, SweepStopped

ASK_SECONDS = 1.0


class Hold(IntEnum):
    """From the mildest to the strictest."""

    NONE = 0
    FINISH = 1  # no new trials; those that have begun end by their rules, and the stage with them
    PAUSE = 2  # running epochs end and nothing begins, until the order is lifted
    END = 3  # running epochs end, and the stage too: SweepStopped; the next session takes its trials up


@dataclass(frozen=True)
class Order:
    hold: Hold = Hold.NONE
    reason: str = ""  # for whoever reads why it stopped; the sentence goes on with "; the same command goes on"
    failure: bool = False  # SweepFailed, not SweepStopped: somebody has to mend something first


class Overseer(Protocol):
    """Who may hold a stage back."""

    def order(self) -> Order:
        """What holds now. Asked before every new trial and after every epoch, so it has to be quick."""


class Reins:
    """What holds for a stage, all overseers together. An END stays."""

    def __init__(self, overseers: Sequence[Overseer] = ()) -> None:
        self.overseers = tuple(overseers)
        self._order = Order()
        self._asked = float("-inf")

    def order(self, *, at_once: bool = False) -> Order:
        """The strictest order, at most ASK_SECONDS old unless it has to be known at once."""
        now = time.monotonic()
        if self._order.hold < Hold.END and (at_once or now - self._asked >= ASK_SECONDS):
            self._asked = now
            self._order = max((overseer.order() for overseer in self.overseers), key=_strictness, default=Order())
        return self._order

    def end(self, reason: str) -> None:
        """Orders END at once."""
        if self._order.hold < Hold.END:
            self._order = Order(Hold.END, reason)

    def stop(self) -> Exception:
        """What an ended stage raises."""
        return SweepFailed(self._order.reason) if self._order.failure else SweepStopped(self._order.reason)


def _strictness(order: Order) -> Hold:
    return order.hold
