"""How many clips and groups each split has, class by class: for two classes as for five hundred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from sweeps.plan.parts import FirstThatFits, counts_table, table

if TYPE_CHECKING:
    from trainables.data.splits import SplitRow

FEW_CLASSES = 8  # a column each, where there is room
MOST_CLASSES = 40  # a row each; of more only the ends are shown
AT_ENDS = 5  # classes with most and with fewest clips
LONGEST_NAME = 34  # characters
NO_CLASSES = ["-"]


def splits_view(splits: Sequence[SplitRow], groups: Mapping[str, int]) -> RenderableType:
    """`splits` has a row for every split and class, `groups` the number of groups in each split."""
    labels = list(dict.fromkeys(row.label for row in splits))
    by_class = _by_class(splits, groups, labels)
    if labels == NO_CLASSES:
        return _by_split(splits, groups, [])
    if len(labels) < FEW_CLASSES:
        return FirstThatFits(_by_split(splits, groups, labels), by_class)
    return by_class


def clips_of(splits: Sequence[SplitRow], split: str) -> int:
    return sum(row.examples for row in splits if row.split == split)


def short(name: str) -> str:
    """The name, without its middle where it is long."""
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[: half - 1]}…{name[-half:]}"


def _by_split(splits: Sequence[SplitRow], groups: Mapping[str, int], labels: Sequence[str]) -> RenderableType:
    cells = {(row.split, row.label): f"{row.examples} ({row.groups})" for row in splits}
    rows = (
        (split, str(clips_of(splits, split)), str(count), *(cells[split, label] for label in labels))
        for split, count in groups.items()
    )
    return table(("split", "clips", "groups", *(f"{short(label)} (groups)" for label in labels)), rows, right_from=1)


def _by_class(splits: Sequence[SplitRow], groups: Mapping[str, int], labels: Sequence[str]) -> RenderableType:
    cells = {(row.split, row.label): _cell(row.examples, row.groups) for row in splits}
    every = (f"all {len(labels)} classes", *(_cell(clips_of(splits, split), count) for split, count in groups.items()))

    def row(label: str) -> tuple[str, ...]:
        return (short(label), *(cells[split, label] for split in groups))

    header = ("clips (groups)", *groups)
    if len(labels) <= MOST_CLASSES:
        return counts_table(header, (every, *map(row, labels)))
    totals = {label: sum(each.examples for each in splits if each.label == label) for label in labels}
    shown, note = ends(totals)
    return Group(counts_table(header, (every, *map(row, shown))), Text(note))


def ends(clips: Mapping[str, int]) -> tuple[list[str], str]:
    """Of classes and how many clips each has, those to show, and a sentence that says which they are; none for few."""
    if len(clips) <= MOST_CLASSES:
        return list(clips), ""
    ordered = sorted(clips, key=lambda label: (-clips[label], label))
    middle = len(ordered) // 2
    most, half, fewest = (clips[ordered[index]] for index in (0, middle, -1))
    found = f"{most:,}, {half:,} and {fewest:,} clips" if most > fewest else f"every class has {most:,} clips"
    note = f"Shown: the {AT_ENDS} classes with most clips, the one in the middle, the {AT_ENDS} with fewest ({found})."
    return [*ordered[:AT_ENDS], ordered[middle], *ordered[-AT_ENDS:]], note


def _cell(clips: int, groups: int) -> str:
    return f"{clips:,} ({groups:,})"
