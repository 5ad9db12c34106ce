"""Rows that name the same stretch of sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trainables.data.examples import Example
from trainables.data.reading import Account
from trainables.data.tables.parquet_rows import is_embedded
from trainables.data.tables.spellings import SAMPLE_NAMES, meaning, plain
from trainables.data.tables.stretches import OURS as TIMES

Placed = tuple[str, Example]  # where its row stands, and what it gives


def without_repeats(placed: Sequence[Placed], account: Account, *, grouped: bool) -> list[Placed]:
    """One row for each stretch of sound: of equal rows the first stays, of rows that differ none. The others are left
    out in the account. Rows that give one of several labels each are one clip, with all of them. `grouped`: the table
    names groups; without it they are paths, of which a file may have several."""
    first_of: dict[object, int] = {}  # stretch -> the first row that names it
    same: dict[int, list[int]] = {}
    for index, (_, example) in enumerate(placed):
        first = first_of.setdefault(_stretch(example), index)
        if first != index:
            same.setdefault(first, [first]).append(index)
    repeated = list(same.values())
    if not repeated:
        return list(placed)
    unread = [name for name in account.columns_unread if meaning(name) in TIMES]
    samples = [name for name in account.columns_unread if plain(name) in SAMPLE_NAMES]
    said: dict[str, str] = {}  # kind -> the sentence about the first of it
    gone: set[int] = set()
    joined: dict[int, Example] = {}
    for indices in repeated:
        examples = [replace(placed[index][1], id="") for index in indices]
        examples = examples if grouped else [replace(example, group="") for example in examples]
        equal = all(example == examples[0] for example in examples)
        if not equal and _are_of_one(examples):
            labels = list(dict.fromkeys(label for example in examples for label in example.target))
            joined[indices[0]] = replace(placed[indices[0]][1], target=labels)
            gone |= {*indices[1:]}
            continue
        kind = "equal" if equal else _difference(examples)
        sentence = _sentence(_name(placed[indices[0]][1]), examples, kind, unread, samples)
        problem = said.setdefault(kind, sentence)
        for index in indices[1:] if equal else indices:
            gone.add(index)
            account.leave_out(placed[index][0], problem)
    if joined:
        shown = next(iter(joined.values()))
        account.guesses.append(
            "Rows of one label each that name the same sound are one clip, with all their labels "
            f"({len(joined)} clips, such as {_name(shown)}: {', '.join(shown.target)})."
        )
    return [(row[0], joined.get(index, row[1])) for index, row in enumerate(placed) if index not in gone]


def _are_of_one(examples: Sequence[Example]) -> bool:
    """Whether rows give one label each and differ in nothing else."""
    ones = all(isinstance(each.target, list) and len(each.target) == 1 for each in examples)
    labels = ones and all(isinstance(each.target[0], str) for each in examples)
    return labels and len({repr(replace(each, target=None)) for each in examples}) == 1


def _stretch(example: Example) -> object:
    """Equal where two examples hear the same, and are asked the same. Sound that the table embeds under two names is
    two clips, copies, which stay on one side of every split."""
    if example.question is not None:
        return (example.question, _stretch(replace(example, question=None)))
    name = example.id if any(is_embedded(piece.path) for piece in example.audio) else ""
    if len(example.audio) > 1:
        return (example.audio, example.start_seconds, example.seconds, name)
    (piece,) = example.audio
    whole = example.seconds is None and not example.start_seconds and not name
    if whole and piece.seconds is None and not piece.start_seconds and piece.channel is None:
        return piece.path  # of most tables, and no tuple to keep
    return (piece.path, piece.start_seconds, piece.seconds, piece.channel, example.start_seconds, example.seconds, name)


def _difference(examples: Sequence[Example]) -> str:
    targets = {repr(example.target) for example in examples}
    return "target" if len(targets) > 1 else "group, split or fold"


def _name(example: Example) -> str:
    """Embedded sound has no file but our own, whose name the table does not know."""
    path = example.audio[0].path
    return example.id if is_embedded(path) else Path(path).name


def _sentence(name: str, examples: Sequence[Example], kind: str, unread: Sequence[str], samples: Sequence[str]) -> str:
    stands = f"{len(examples)} rows name the same stretch of {name}"
    if samples:
        return (
            f"{stands}; {' and '.join(samples)} count samples or frames and are not read: divide them by the rate, and "
            "write start_seconds and end_seconds."
        )
    if unread:
        ours = meaning(unread[0])
        return f"{stands}; is {' or '.join(unread)} its time? Say so: `data.columns: {{{ours}: {unread[0]}}}`."
    if kind == "equal":
        return f"{stands}, and say the same of it; keep one of them."
    if kind != "target":
        return f"{stands}, with another {kind}; keep one of them."
    targets = list(dict.fromkeys(str(example.target) for example in examples))
    shown = ", ".join(target if len(target) <= 30 else f"{target[:30]}..." for target in targets[:3])
    lists = [example.target for example in examples if isinstance(example.target, list) and example.target]
    what = "what most listeners say"
    if lists:
        what = "all its labels" if isinstance(lists[0][0], str) else "the mean of its ratings"
    return (
        f"{stands}, with different answers ({shown}); write one row for each clip, such as {what}, or give the times "
        "of the parts."
    )
