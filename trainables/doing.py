"""What a command is doing, from its first moment on: one line on standard error, until there is something to show.

In a terminal the line is written again every second with the time it has taken, and goes when `done` is called; in a
log every step is a line of its own. Loads the standard library alone: it has to be there before any heavy import.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

CLEAR = "\r\x1b[2K"
SAY_SECONDS_FROM = 2.0  # shorter steps need no clock
TICK_SECONDS = 1.0


class _Line:
    """The one line of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.text, self.since = "", 0.0
        self.silent = False
        self.ticks: threading.Thread | None = None

    def say(self, text: str) -> None:
        if self.silent:
            return
        with self.lock:
            self.text, self.since = text, time.monotonic()
            if not _terminal():
                _write(f"{text} ...\n")
                return
            self._draw()
            if self.ticks is None:
                self.ticks = threading.Thread(target=self._tick, daemon=True)
                self.ticks.start()

    def done(self) -> None:
        with self.lock:
            if self.text and _terminal():
                _write(CLEAR)
            self.text = ""

    def _tick(self) -> None:
        while True:
            time.sleep(TICK_SECONDS)
            with self.lock:
                if not self.text:
                    self.ticks = None
                    return
                self._draw()

    def _draw(self) -> None:
        took = time.monotonic() - self.since
        line = f"{self.text} ..." + (f" {took:.0f} s" if took >= SAY_SECONDS_FROM else "")
        _write(f"{CLEAR}{line[: _columns() - 1]}")


_LINE = _Line()


def doing(text: str) -> None:
    """Says what begins now, in place of what was said before: `reading the clips`."""
    _LINE.say(text)


def done() -> None:
    """Takes the line away. To be called before anything else is written."""
    _LINE.done()


@contextmanager
def silently(silent: bool = True) -> Iterator[None]:
    """Inside, nothing is said where `silent` is true."""
    before, _LINE.silent = _LINE.silent, silent
    try:
        yield
    finally:
        _LINE.silent = before


def _terminal() -> bool:
    try:
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # closed, or none
        return False


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _write(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):  # nobody reads
        pass
