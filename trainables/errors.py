"""The exceptions that users are meant to see, without a traceback."""

from __future__ import annotations

from collections.abc import Sequence


class InputError(Exception):
    """Something the user gave is wrong. Holds every problem found, one clear sentence or two each.

    Command lines print the problems and exit with 2; nothing prints a traceback for it.
    """

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[str, ...]]]:
        return (InputError, (self.problems,))


class SweepFailed(Exception):
    """The input was sound, and still nothing came of the work; the message says why and where to look."""


class SweepStopped(Exception):
    """A sweep was stopped in good order, by a limit or a person: the same command goes on. The message says why."""
