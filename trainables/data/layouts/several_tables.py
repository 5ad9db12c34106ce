"""Several tables as one data set, a split each: by their names (`train.csv`, `mydata_valid.jsonl.gz`), or by the
folders that they stand in (`train/list.csv`, `test/list.csv`). Common Voice's are such, and FSD50K's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from trainables.data.beside.split_lists import is_list
from trainables.data.beside.transcript_lists import begins_with_sound
from trainables.data.doubts.names import is_named
from trainables.data.formats.known import FIRST
from trainables.data.formats.manifest import read_manifest
from trainables.data.formats.published import KNOWN
from trainables.data.layouts.found import one_home, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.split_names import among_siblings, of_files
from trainables.data.tables.named_files import naming_files
from trainables.data.tables.rows import read_rows
from trainables.data.tables.spellings import meaning
from trainables.errors import InputError


def matches(tree: Tree) -> bool:
    """Beside several folders of sound, tables count that have a column of it: others may hold features, or what you
    will."""
    splits = tables_by_split(tree)
    if not splits or all(is_list(tree.path(table)) and _is_text(table) for table in splits):
        return False
    if any(begins_with_sound(tree, table) for table in splits):
        return False
    several = len({parts[:-1] for parts in tree.sounds}) > 1
    return not several or any(_names_sound(tree, table) for table in splits)


def _names_sound(tree: Tree, table: Parts) -> bool:
    """Whether a table has a column that we know for sound, or is a published one."""
    try:
        rows = read_rows(tree.path(table), {}, Path()).rows
    except InputError:
        return False
    columns = {name for _, row in rows[:FIRST] for name in row}
    if any(meaning(name) == "audio" for name in columns) or any(known.knows(rows) for known in KNOWN):
        return True
    return "audio" in naming_files(tree.path(table), rows, Wanted("label", Path()), Account()).columns


def read(tree: Tree, wanted: Wanted) -> Reading:
    """The rows of every table that has the task's column. Raises InputError: as `read_manifest`."""
    splits = tables_by_split(tree)
    readings = {}
    for table in splits:
        try:
            readings[table] = read_manifest(tree.path(table), wanted, prefix_of(table, list(splits)))
        except InputError:
            if splits[table] == "train" or not _lacks_target(tree, table, wanted):
                raise
    if not readings:
        read_manifest(tree.path(next(iter(splits))), wanted)  # says what it lacks
    account = Account()
    if len(readings) < len(splits):
        splits = splits | _without_secret(readings, splits)
    for table in splits.keys() - readings.keys():
        account.not_read(shown(table), f"has no column {wanted.column}, as a test that is kept secret")
    others = _others(tree, list(splits))
    for other in others:
        account.not_read(shown(other), "the table of no split stands beside those of splits")
    reading = joined(readings, splits, account)
    account.layout = f"{account.layout.partition(' (')[0]}, by split"
    used = {table: split for table, split in splits.items() if table in readings}
    account.origins["split"] = ", ".join(f"{shown(table)} is {split}" for table, split in used.items())
    tree.note_unused(reading, [*splits, *others])
    return reading


def _without_secret(readings: Collection[Parts], splits: Mapping[Parts, str]) -> dict[Parts, str]:
    """What the names of the tables that are read mean by themselves: beside a secret `test`, `evaluate` is the test."""
    stems = {_stem(table[-1]): table for table in readings}
    found = of_files(sorted(stems)).of if len(stems) == len(readings) else {}
    return {table: found.get(stem, splits[table]) for stem, table in stems.items()}


def prefix_of(table: Parts, tables: Sequence[Parts]) -> str:
    """What stands before the paths of a table that serve as names, where tables stand in several folders."""
    return f"{shown(table[:-1])}/" if len({other[:-1] for other in tables}) > 1 and len(table) > 1 else ""


def joined(readings: Mapping[Parts, Reading], splits: Mapping[Parts, str], account: Account) -> Reading:
    """Tables one after the other; a row's own split stands above its table's. Ids that several tables give begin with
    the table's path, and so do names of different files that stand for groups."""
    every = [example for reading in readings.values() for example in reading.examples]
    uses = Counter(example.id for example in every)
    files: dict[str, set[str]] = defaultdict(set)  # name that stands for a group -> the files of that name
    for example in every:
        if not is_named(example):
            files[example.group] |= {piece.path for piece in example.audio}
    examples = []
    for table, reading in readings.items():
        account.layout = account.layout or reading.account.layout
        account.include(reading.account)
        for example in reading.examples:
            name = f"{shown(table)}:{example.id}" if uses[example.id] > 1 else example.id
            group = f"{shown(table)}:{example.group}" if len(files.get(example.group, ())) > 1 else example.group
            examples.append(replace(example, id=name, group=group, split=example.split or splits.get(table)))
    return Reading(examples, account)


def tables_by_split(tree: Tree) -> dict[Parts, str]:
    """Table -> its split, where at least two splits have one each, in one folder or in folders side by side. Raises
    InputError: several folders hold such tables."""
    for depth in (1, 2):  # at the top, or one folder below
        of_depth = [parts for parts in tree.tables if len(parts) == depth and not _is_parquet(parts)]
        of_depth = [parts for parts in of_depth if not _is_part(parts, of_depth)]
        found: dict[Parts, dict[Parts, str]] = {}
        for home in sorted({parts[:-1] for parts in of_depth}):
            here = {_stem(parts[-1]): parts for parts in of_depth if parts[:-1] == home}
            if splits := _of_several(of_files(sorted(here)).of, {name: [parts] for name, parts in here.items()}):
                found[home] = splits
        if found:
            return found[one_home(tree, found, "tables by split")]
    tops = among_siblings({parts[0] for parts in tree.tables if len(parts) == 2}).of
    below = [parts for parts in tree.tables if len(parts) == 2 and parts[0] in tops and not _is_parquet(parts)]
    below = [parts for parts in below if _stem(parts[1]) != "metadata"]  # as AudioFolder has them: `folder_tables.py`
    names = Counter(parts[1] for parts in below)
    name = max(names, key=names.__getitem__, default="")
    return _of_several(tops, {parts[0]: [parts] for parts in below if parts[1] == name})


def _of_several(splits: Mapping[str, str], tables: Mapping[str, Sequence[Parts]]) -> dict[Parts, str]:
    named = {name: split for name, split in splits.items() if name in tables}
    if len(set(named.values())) < 2:
        return {}
    return {parts: split for name, split in named.items() for parts in tables[name]}


def _others(tree: Tree, used: Sequence[Parts]) -> list[Parts]:
    homes = {table[:-1] for table in used}
    beside = [parts for parts in tree.tables if parts[:-1] in homes and parts not in used]
    return [parts for parts in beside if not _is_parquet(parts)]


def _is_part(table: Parts, tables: Sequence[Parts]) -> bool:
    """Lhotse keeps recordings beside the supervisions that name them, and both beside the cuts that hold them."""
    pairs = (("recordings", "supervisions"), ("recordings", "cuts"), ("supervisions", "cuts"))
    return any(own in table[-1] and (*table[:-1], table[-1].replace(own, whole)) in tables for own, whole in pairs)


def _stem(name: str) -> str:
    return name.removesuffix(".gz").rpartition(".")[0]


def _is_text(parts: Parts) -> bool:
    return parts[-1].lower().endswith((".csv", ".tsv"))


def _is_parquet(parts: Parts) -> bool:
    return parts[-1].lower().endswith((".parquet", ".arrow", ".feather"))


def _lacks_target(tree: Tree, table: Parts, wanted: Wanted) -> bool:
    try:
        rows = read_rows(tree.path(table), wanted.columns, wanted.cache_folder).rows
    except InputError:
        return False
    found = {name for _, row in rows for name in row}
    if wanted.gathered:
        return not found.intersection(wanted.gathered)
    written = wanted.columns.get(wanted.column, wanted.column)
    return written not in found and not any(meaning(name) == wanted.column for name in found)
