"""Waits for a store that does not answer for a while; only then is it given up, and said."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from trainables.bucket.address import first_line
from trainables.errors import SweepStopped

PATIENCE_SECONDS = 600.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 10.0
SAID_SECONDS = 5.0  # a shorter absence is not worth a line

Answer = TypeVar("Answer")


class Patience:
    """Makes a call again until it is taken, for `seconds` at most; 0 makes it once.

    What is not there (FileNotFoundError) is an answer. Raises SweepStopped when it has waited long enough, and from
    then on at once; `gave_up` says why.
    """

    def __init__(self, seconds: float = PATIENCE_SECONDS, say: Callable[[str], None] = lambda text: None) -> None:
        self.seconds, self.say = seconds, say
        self.gave_up = ""
        self.ended = threading.Event()  # nobody waits any more
        self._away = False  # and it was said

    def call(self, name: str, method: Callable[[], Answer]) -> Answer:
        """`name`: of the store, for who reads of it."""
        began, wait_seconds = time.monotonic(), FIRST_WAIT_SECONDS
        while not self.gave_up:
            try:
                answer = method()
            except FileNotFoundError:
                raise
            except OSError as error:
                away_seconds = time.monotonic() - began
                if away_seconds >= self.seconds or self.ended.is_set():
                    self.gave_up = (
                        f"{name} has not answered for {away_seconds:.0f} seconds ({first_line(error)}); nothing is "
                        "lost: what it lacks is on this machine, and is uploaded when the sweep goes on here"
                    )
                    raise SweepStopped(self.gave_up) from error
                if not self._away and away_seconds >= SAID_SECONDS:
                    self._away = True  # of several threads that wait one says it, but for a rare moment
                    self.say(
                        f"{name} does not answer ({first_line(error)}): runs go on, uploads wait for up to "
                        f"{self.seconds / 60:.0f} minutes"
                    )
                self.ended.wait(min(wait_seconds, max(0.0, began + self.seconds - time.monotonic())))
                wait_seconds = min(2 * wait_seconds, LONGEST_WAIT_SECONDS)
                continue
            if self._away:
                self._away = False
                self.say(f"{name} answers again, after {time.monotonic() - began:.0f} s")
            return answer
        raise SweepStopped(self.gave_up)
