"""How doubts are put into sentences: a few names, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

SHOWN = 3


def listed(names: Iterable[str], shown_as: Mapping[str, str] | None = None, most: int = SHOWN) -> str:
    """The first of them, with commas, and how many more there are."""
    every = [shown_as[name] if shown_as else name for name in names]
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def counted(number: int, word: str) -> str:
    """`1 clip`, `3 clips`."""
    return f"{number:,} {word}" + ("" if number == 1 else "s")
