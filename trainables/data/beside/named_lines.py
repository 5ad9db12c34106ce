"""Lists without a header whose lines name sound: which files may be such, and which sound a line names."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from trainables.data.formats.manifest import SUFFIXES
from trainables.data.layouts.folder_splits import with_folder_splits
from trainables.data.layouts.found import reading, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.sound.endings import is_sound
from trainables.data.split_names import of_files
from trainables.data.tables.spellings import meaning
from trainables.data.tables.table import Row

MOST_BYTES = 1 << 30
MOST_LISTS = 2_000
LEAST_NAMED = 0.5  # of a list's lines


def column_number(wanted: Wanted, ours: str) -> int | None:
    """The column, counted from 1, that the sweep file names by its number, since a list has no header."""
    named = wanted.columns.get(ours, "")
    return int(named) if re.fullmatch(r"[1-9]\d?", named) else None


def without_numbers(wanted: Wanted) -> Wanted:
    """What is wanted of rows that are in our own columns already."""
    numbered = {ours for ours in wanted.columns if column_number(wanted, ours)}
    return replace(wanted, columns={ours: name for ours, name in wanted.columns.items() if ours not in numbered})


def header_in(parts: Parts, first: Sequence[str], column: str, known: Collection[str]) -> Sequence[str]:
    """The first line of a list where it names columns, one of them the task's: MAGICDATA's `TRANS.txt` begins with
    `UtteranceID SpeakerID Transcription`. Tables of more than that are read as tables, and so are files called so."""
    told = {meaning(cell) for cell in first}
    is_table = parts[-1].lower().endswith(SUFFIXES) or not told <= {column, "audio", "group", "id", None}
    return first if column in told and not is_table and len(first) > 1 and stem(first[0]) not in known else ()


def some(lists: Iterable[Parts]) -> str:
    """The first three lists by name, and how many more there are."""
    names = [shown(parts) for parts in lists]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def splits_of(sounds: Mapping[Parts, Sequence[Parts]], account: Account) -> dict[Parts, str]:
    """List -> its sounds, as sound -> split: what the names of several lists in one folder say, where all say it; other
    splits are those of folders."""
    names = [parts[-1].rpartition(".")[0] for parts in sounds]
    if len(sounds) < 2 or len({parts[:-1] for parts in sounds}) > 1:
        return {}
    of = of_files(names).of
    if len(of) < len(names) or len({*of.values()}) < 2:
        return {}
    account.origins["split"] = ", ".join(f"{shown(parts)} is {of[parts[-1].rpartition('.')[0]]}" for parts in sounds)
    return {sound: of[parts[-1].rpartition(".")[0]] for parts in sounds for sound in sounds[parts]}


def reading_of_lists(
    tree: Tree,
    lists: Collection[Parts],
    said: Mapping[Parts, tuple[str, str]],
    groups: Mapping[Parts, str],
    splits: Mapping[Parts, str],
    wanted: Wanted,
    account: Account,
) -> Reading:
    """`said`: sound -> where the lists name it, and the label or text that they give it. Other sound and other tables
    are noted as not read."""
    rows: list[Row] = []
    for sound in tree.sounds:
        if sound not in said:
            account.not_read(shown(sound), f"no list gives it a {wanted.column}")
            continue
        where, target = said[sound]
        row = {"audio": shown(sound), wanted.column: target}
        row |= {"group": groups[sound]} if groups else {}
        row |= {"split": splits[sound]} if splits else {}
        rows.append((where, row))
    tree.taken |= {*lists}
    tree.note_tables(account, f"a table, and the lists give the {wanted.column}s")
    return with_folder_splits(reading(tree.folder, rows, without_numbers(wanted), account), wanted)


def stems(tree: Tree) -> dict[str, list[Parts]]:
    """A sound's name without its ending -> the sounds that are called so."""
    found: dict[str, list[Parts]] = defaultdict(list)
    for sound in tree.sounds:
        found[sound[-1].rpartition(".")[0]].append(sound)
    return found


def shape(name: str) -> str:
    """What names of one data set have in common: `BAC000S0000W0000`."""
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"\d+", "0", name))


def stem(name: str) -> str:
    """The name of a file as a line has it, without folders and the ending of a sound."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return last.rpartition(".")[0] if is_sound(last) else last


def nearest(listing: Parts, name: str, sounds: Sequence[Parts]) -> Parts | None:
    """Of several sounds of one name the one whose folders are those that the line names, or nearest to the list."""
    folders = [part for part in name.replace("\\", "/").split("/")[:-1] if part not in ("", ".")]
    fits = [sound for sound in sounds if [*sound[-len(folders) - 1 : -1]] == folders] if folders else []
    ranked = Counter({sound: _common(listing, sound) for sound in fits or sounds}).most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _common(one: Parts, other: Parts) -> int:
    return next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
