"""The exceptions that users are meant to see, without a traceback."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_PROBLEM = 4000  # characters


class InputError(Exception):
    """Something the user gave is wrong. Holds every problem found, one clear sentence or two each.

    `command_line.main` prints the problems and exits with 2; nothing prints a traceback for it.
    """

    def __init__(self, problems: str | Sequence[str]) -> None:
        given = (problems,) if isinstance(problems, str) else tuple(problems)
        self.problems: tuple[str, ...] = tuple(map(_one_line, given))
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[str, ...]]]:
        return (InputError, (self.problems,))


def _one_line(problem: str) -> str:
    """What quotes a file may hold control characters: a terminal must not obey them."""
    if len(problem) > LONGEST_PROBLEM:
        problem = f"{problem[: LONGEST_PROBLEM // 2]} ... {problem[-LONGEST_PROBLEM // 2 :]}"
    if problem.isprintable():
        return problem
    shown = (c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in problem)
    return "".join(shown)


class SweepFailed(Exception):
    """The input was sound, and still nothing came of the work; the message says why and where to look."""


class SweepStopped(Exception):
    """A sweep was stopped in good order, by a limit or a person: the same command goes on. The message says why."""
