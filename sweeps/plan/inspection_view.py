"""An inspection for the eye."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from sweeps.plan.data_view import account_view, sentences_view, sound_view
from sweeps.plan.inspection import ClassRow, Inspection
from sweeps.plan.parts import counts_table, title
from sweeps.plan.splits_view import ends, short, splits_view


def render(found: Inspection) -> RenderableType:
    """Everything that was found, section by section."""
    parts: list[RenderableType] = [
        title(f"{found.source}: {found.clips:,} clips of {found.groups:,} groups, for {found.task}"),
        title("How it was read"),
        account_view(found.understood),
    ]
    if found.sound:
        parts += [title("Sound"), sound_view(found.sound)]
    if found.splits:
        parts += [title("Splits that the source gives"), splits_view(found.splits, found.groups_of_splits)]
    if found.classes:
        parts += [title(f"{len(found.classes):,} classes"), *_classes({row.label: row for row in found.classes})]
    if found.texts:
        texts = found.texts
        parts += [
            title("Texts"),
            Text(
                f"{texts.different:,} different texts of {texts.fewest_words:,} to {texts.most_words:,} words, "
                f"{texts.median_words:g} in the middle."
            ),
        ]
    if found.understood.advice:
        parts += [title("To look at"), sentences_view(found.understood.advice)]
    if found.problems:
        parts += [title("Problems: a sweep refuses these clips", "bold red"), sentences_view(found.problems)]
    return Group(*parts)


def _classes(rows: dict[str, ClassRow]) -> list[RenderableType]:
    shown, note = ends({label: row.clips for label, row in rows.items()})
    body = (
        (
            short(row.label),
            f"{row.clips:,}",
            f"{row.groups:,}",
            f"{row.shortest_seconds:g}",
            f"{row.median_seconds:g}",
            f"{row.longest_seconds:g}",
            "-" if row.level_db is None else f"{row.level_db:.1f}",
        )
        for row in map(rows.__getitem__, shown)
    )
    header = ("class", "clips", "groups", "shortest, s", "median, s", "longest, s", "level, dB")
    return [counts_table(header, body), *([Text(note)] if note else [])]
