"""What was understood of a source, counted and shortened for a person's eye and for JSON: plain values only.

An `Account` holds every row and every file; here stand their numbers, the reasons, and a few places for each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from trainables.data.reading import SHOWN, Account

MOST_REASONS = 20  # for which rows were left out; the list beside the results has all


@dataclass(frozen=True)
class UnreadFiles:
    """Files of one ending that no clip comes of, for one reason."""

    ending: str  # ".m4a"; empty: without one
    reason: str
    files: int
    shown: tuple[str, ...]  # some of their paths


@dataclass(frozen=True)
class LeftOutRows:
    """Rows that cannot be used, for one reason."""

    reason: str
    rows: int
    shown: tuple[str, ...]  # some of their places


@dataclass(frozen=True)
class Understood:
    """How a source was read; see `Account` for what each field holds."""

    layout: str = ""
    origins: dict[str, str] = field(default_factory=dict)
    columns_unread: dict[str, int] = field(default_factory=dict)
    files_unread: tuple[UnreadFiles, ...] = ()
    rows_left_out: int = 0
    left_out: tuple[LeftOutRows, ...] = ()  # the commonest reasons, at most MOST_REASONS
    guesses: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


def understood(account: Account, doubts: Iterable[str] = ()) -> Understood:
    """`doubts` are further sentences for a person to look at."""
    places: dict[str, list[str]] = defaultdict(list)
    for row in account.left_out:
        places[row.problem].append(row.where)
    reasons = [LeftOutRows(reason, len(where), tuple(where[:SHOWN])) for reason, where in places.items()]
    files = [
        UnreadFiles(ending, reason, len(paths), tuple(paths[:SHOWN]))
        for (ending, reason), paths in account.files_unread.items()
    ]
    return Understood(
        layout=account.layout,
        origins=dict(account.origins),
        columns_unread=dict(account.columns_unread.most_common()),
        files_unread=tuple(sorted(files, key=lambda kind: -kind.files)),
        rows_left_out=len(account.left_out),
        left_out=tuple(sorted(reasons, key=lambda reason: -reason.rows)[:MOST_REASONS]),
        guesses=tuple(account.guesses),
        advice=(*account.advice, *doubts),
    )
