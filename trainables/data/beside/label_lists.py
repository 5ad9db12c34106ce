"""Labels in lists without a header, whose lines name a sound and give it a class: `wav/a.wav dog`, `a.wav,1`, DCASE's
`meta.txt`, and the protocols of ASVspoof (`LA_0079 LA_T_1138215 - A01 spoof`, asvspoof.org).

A list counts where the folders are no classes; where they may be, it is named, with the key that takes it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from trainables.data.beside.named_lines import (
    LEAST_NAMED,
    MOST_BYTES,
    MOST_LISTS,
    column_number,
    header_in,
    nearest,
    reading_of_lists,
    shape,
    some,
    splits_of,
    stem,
    stems,
)
from trainables.data.layouts.folder_splits import folders_may_be_classes
from trainables.data.layouts.found import lines_within, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.split_names import are_splits, is_plain
from trainables.data.tables.delimited import unquoted
from trainables.data.tables.spellings import meaning
from trainables.errors import InputError

ENDINGS = (".txt", ".tsv", ".lst", ".list", ".csv", ".scp", ".trn", ".trl")
LEAST_SHARE = 0.5  # of the sound that lists name together
MOST_CLASSES = 0.5  # of the lines
MOST_COLUMNS = 12
SHOWN = 4
_GENUINE = frozenset(("bonafide", "bona-fide", "genuine", "spoof", "spoofed", "fake", "real", "human", "deepfake"))
_NUMBER = re.compile(r"[-+]?\d*\.\d+([eE][-+]?\d+)?")


@dataclass(frozen=True)
class _List:
    parts: Parts
    name_at: int  # the column that names the sound
    lines: Sequence[tuple[int, Sequence[str]]]  # number, cells
    header: Sequence[str] = ()  # the first line, where it names columns


def read_label_lists(tree: Tree, wanted: Wanted) -> Reading | None:
    """None where the task wants no labels, no list names most of the sound, or its folders may be the classes.

    Raises InputError: several columns may be the label, or two lists give one sound different labels."""
    if wanted.column != "label" or not tree.sounds:
        return None
    known = stems(tree)
    files = [parts for parts in (*tree.others, *tree.tables) if parts[-1].lower().endswith(ENDINGS)]
    lists = [of for parts in islice(files, MOST_LISTS) if (of := _list(tree, parts, known))]
    widths = Counter(len(of.lines[0][1]) for of in lists)
    lists = [of for of in lists if len(of.lines[0][1]) == max(widths, key=lambda width: (widths[width], width))]
    named = {(of.parts, number): _sound(of, cells, known) for of in lists for number, cells in of.lines}
    heard = {sound for sound in named.values() if sound}
    if len(heard) < LEAST_SHARE * len(tree.sounds):
        return None
    pairs = [(sound, cells) for of in lists for number, cells in of.lines if (sound := named[of.parts, number])]
    at = _repeats_folders(pairs) if column_number(wanted, "label") is None else None
    if at is None:
        if column_number(wanted, "label") is None and folders_may_be_classes(heard):
            return None
        at = _label_at(tree, lists, wanted)
    if at is None:
        return None
    labels: dict[Parts, tuple[str, str]] = {}  # sound -> where, label
    for of in lists:
        for number, cells in of.lines:
            sound, where = named[of.parts, number], f"{shown(of.parts)} line {number}"
            if sound and labels.setdefault(sound, (where, cells[at]))[1] != cells[at]:
                raise InputError(
                    f"{tree.folder}: {labels[sound][0]} and {where} give {shown(sound)} different labels; name the "
                    "folder of one data set as data.source, or write a table with the columns audio and label."
                )
    return _reading(tree, lists, at, labels, named, wanted)


def _reading(
    tree: Tree,
    lists: Sequence[_List],
    at: int,
    labels: Mapping[Parts, tuple[str, str]],
    named: Mapping[tuple[Parts, int], Parts | None],
    wanted: Wanted,
) -> Reading:
    names = some(of.parts for of in lists)
    account = Account(layout=f"labels in lists ({names})")
    account.origins["label"] = f"column {at + 1} of {names}"
    columns = len(lists[0].lines[0][1])
    if columns > 2:
        account.guesses.append(
            f"Of the {columns} columns of {names} column {at + 1} is the label; `data.columns: {{label: 'NUMBER'}}` "
            "takes another."
        )
    group_at = _group_at(lists, at, wanted)
    groups: dict[Parts, str] = {}
    if group_at is not None:
        groups = {
            sound: cells[group_at] for of in lists for number, cells in of.lines if (sound := named[of.parts, number])
        }
        account.origins["group"] = f"column {group_at + 1} of {names}"
    splits = splits_of(
        {of.parts: [sound for n, _ in of.lines if (sound := named[of.parts, n])] for of in lists}, account
    )
    if missing := [key for key, sound in named.items() if sound is None]:
        account.guesses.append(f"{len(missing):,} lines of the lists name no sound that is here: they are no clips.")
    return reading_of_lists(tree, [of.parts for of in lists], labels, groups, splits, wanted, account)


def _list(tree: Tree, parts: Parts, known: Mapping[str, Sequence[Parts]]) -> _List | None:
    """Lines of equal length, a column of which names sound, in the first line too: it is no header."""
    if parts[-1].rpartition(".")[0] in known:  # a file of one sound
        return None
    written = lines_within(tree.path(parts), MOST_BYTES)
    lines = [(number, _cells(line)) for number, line in enumerate(written, start=1) if line.strip()]
    header = header_in(parts, lines[0][1], "label", known) if lines else ()
    lines = lines[1:] if header else lines
    widths = {len(cells) for _, cells in lines} | ({len(header)} if header else set())
    if len(widths) != 1 or not 2 <= min(widths) <= MOST_COLUMNS:
        return None
    for at in range(min(widths)):
        names = [stem(cells[at]) for _, cells in lines]
        here = {name for name in names if name in known}
        if len(here) < LEAST_NAMED * len(names) or shape(names[0]) not in {shape(name) for name in here}:
            continue
        return _List(parts, at, lines, header)
    return None


def _cells(line: str) -> list[str]:
    divider = next((divider for divider in "\t|;," if divider in line), None)
    return [unquoted(cell.strip()) for cell in line.split(divider) if divider or cell.strip()]


def _sound(of: _List, cells: Sequence[str], known: Mapping[str, Sequence[Parts]]) -> Parts | None:
    return nearest(of.parts, cells[of.name_at], known.get(stem(cells[of.name_at]), ()))


def _label_at(tree: Tree, lists: Sequence[_List], wanted: Wanted) -> int | None:
    """The column of the label, counted from 0. Raises InputError: several may be it, or there is none of the number
    that the sweep file names."""
    columns = list(zip(*(cells for of in lists for _, cells in of.lines), strict=True))
    chosen = column_number(wanted, "label")
    if chosen is not None:
        if chosen <= len(columns):
            return chosen - 1
        raise InputError(
            f"data.columns.label: {some(of.parts for of in lists)} have {len(columns)} columns, not {chosen}."
        )
    if header := lists[0].header:
        return next(at for at, cell in enumerate(header) if meaning(cell) == "label")
    if "label" in wanted.columns:
        return None  # the name of a column, which a list does not have
    values = {at: {*column} for at, column in enumerate(columns) if at not in {of.name_at for of in lists}}
    fits = [
        at
        for at, of in values.items()
        if 2 <= len(of) <= max(2, MOST_CLASSES * len(columns[at]))
        and not all(map(is_plain, of))
        and not all(_NUMBER.fullmatch(value) for value in of)
        and "" not in of
    ]
    if genuine := [at for at in fits if {value.lower() for value in values[at]} <= _GENUINE]:
        return genuine[0]
    if len(fits) > 1:
        told = "; ".join(f"'{at + 1}': {', '.join(sorted(values[at])[:SHOWN])}" for at in fits)
        raise InputError(
            f"{tree.folder}: several columns of {some(of.parts for of in lists)} may be the label ({told}): "
            "`data.columns: {label: 'NUMBER'}` says which, and `{group: 'NUMBER'}` the speaker."
        )
    return fits[0] if fits else None


def _group_at(lists: Sequence[_List], label_at: int, wanted: Wanted) -> int | None:
    """The column of the speaker: by its number, or the first of a protocol of ASVspoof."""
    columns = len(lists[0].lines[0][1])
    if number := column_number(wanted, "group"):
        return number - 1 if number <= columns else None
    named = [at for at, cell in enumerate(lists[0].header) if meaning(cell) == "group"]
    if named and "group" not in wanted.columns:
        return named[0]
    values = {cells[label_at].lower() for of in lists for _, cells in of.lines}
    is_protocol = columns > 2 and values <= _GENUINE and all(of.name_at == 1 for of in lists)
    return 0 if is_protocol and "group" not in wanted.columns else None


def _repeats_folders(pairs: Sequence[tuple[Parts, Sequence[str]]]) -> int | None:
    """The column that says what folders between others say, as in ESD: `0001/Angry/train/0001_000050.wav`."""
    if any(len(sound) < 3 for sound, _ in pairs):
        return None
    columns = range(len(pairs[0][1]))
    fits = [at for at in columns if all(cells[at] in sound[:-1] for sound, cells in pairs)]
    fits = [at for at in fits if len({cells[at] for _, cells in pairs}) > 1]
    return fits[0] if len(fits) == 1 and not are_splits({cells[fits[0]] for _, cells in pairs}) else None
