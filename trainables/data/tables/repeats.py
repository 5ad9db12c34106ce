"""Rows that name the same stretch of sound."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trainables.data.examples import Example
from trainables.data.reading import Account
from trainables.data.tables.parquet_rows import is_embedded
from trainables.data.tables.spellings import meaning
from trainables.data.tables.stretches import OURS as TIMES

Placed = tuple[str, Example]  # where its row stands, and what it gives


def without_repeats(placed: Sequence[Placed], account: Account) -> list[Placed]:
    """One row for each stretch of sound: of equal rows the first stays, of rows that differ none. The others are left
    out in the account."""
    same: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, (_, example) in enumerate(placed):
        # sound that the table embeds under two names is two clips, copies, which stay on one side of every split
        name = example.id if any(is_embedded(piece.path) for piece in example.audio) else ""
        same[(example.audio, example.start_seconds, example.seconds, name)].append(index)
    repeated = [indices for indices in same.values() if len(indices) > 1]
    if not repeated:
        return list(placed)
    unread = [name for name in account.columns_unread if meaning(name) in TIMES]
    first: dict[str, str] = {}  # kind -> the sentence about the first of it
    gone: set[int] = set()
    for indices in repeated:
        examples = [replace(placed[index][1], id="") for index in indices]
        equal = all(example == examples[0] for example in examples)
        kind = "equal" if equal else _difference(examples)
        problem = first.setdefault(kind, _sentence(_name(placed[indices[0]][1]), examples, kind, unread))
        for index in indices[1:] if equal else indices:
            gone.add(index)
            account.leave_out(placed[index][0], problem)
    return [row for index, row in enumerate(placed) if index not in gone]


def _difference(examples: Sequence[Example]) -> str:
    targets = {repr(example.target) for example in examples}
    return "target" if len(targets) > 1 else "group, split or fold"


def _name(example: Example) -> str:
    """Embedded sound has no file but our own, whose name the table does not know."""
    path = example.audio[0].path
    return example.id if is_embedded(path) else Path(path).name


def _sentence(name: str, examples: Sequence[Example], kind: str, unread: Sequence[str]) -> str:
    stands = f"{len(examples)} rows name the same stretch of {name}"
    if unread:
        ours = meaning(unread[0])
        return f"{stands}; is {' or '.join(unread)} its time? Say so: `data.columns: {{{ours}: {unread[0]}}}`."
    if kind == "equal":
        return f"{stands}, and say the same of it; keep one of them."
    if kind != "target":
        return f"{stands}, with another {kind}; keep one of them."
    targets = list(dict.fromkeys(str(example.target) for example in examples))
    shown = ", ".join(target if len(target) <= 30 else f"{target[:30]}..." for target in targets[:3])
    return (
        f"{stands}, with different answers ({shown}); write one row for each clip, such as what most listeners say, or "
        "give the times of the parts."
    )
