"""The words that choose a model of a sweep: which arm, and which of its seeds."""

from __future__ import annotations

from trainables import command_line


def add_arm_options(parser: command_line.Parser, *, ensemble: str) -> None:
    """Gives a command `--arm`, `--seed` and `--ensemble`; `ensemble` is the help of the last."""
    parser.value("--arm", "ARM", "finalist-1, finalist-2, ..., baseline or untuned (default: the verdict's best)")
    parser.value(
        "--seed",
        "N",
        "of the arm's seeds this one (default: the first)",
        read=command_line.whole_number("a whole number", lambda value: value >= 0),
    )
    parser.flag("--ensemble", ensemble)
