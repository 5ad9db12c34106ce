"""A folder as a data source. In this order it is taken for

1. a published format (`published.py`),
2. tables called metadata, at the top or in the folders of the splits (`folder_tables.py`),
3. Parquet files that embed the sound (`shards.py`),
4. transcripts or labels in lists (`beside/transcript_lists.py`, `beside/label_lists.py`),
5. the one table that names the sound,
6. class folders (`class_folders.py`).

`data.layout` says that it is class folders. Splits of which all this says nothing may stand in lists
(`beside/split_lists.py`). What is not read is noted, file by file.
"""

from __future__ import annotations

from pathlib import Path

from trainables.data.beside.json_beside import read_json_beside
from trainables.data.beside.label_lists import read_label_lists
from trainables.data.beside.label_texts import read_label_texts
from trainables.data.beside.named_splits import with_named_splits
from trainables.data.beside.split_lists import with_listed_splits
from trainables.data.beside.tables_beside import (
    advise_on_lists,
    naming_folders,
    naming_sound,
    tables_in_place_of_folders,
)
from trainables.data.beside.timed_texts import advise_on_timed, read_timed_texts
from trainables.data.beside.transcript_lists import read_transcript_lists
from trainables.data.layouts.class_folders import read_class_folders
from trainables.data.layouts.folder_tables import read_metadata, read_single_table
from trainables.data.layouts.other_labels import refuse_other_labels
from trainables.data.layouts.published import published_format
from trainables.data.layouts.shards import find_shards, read_shards
from trainables.data.layouts.texts_beside import read_texts_beside
from trainables.data.layouts.tree import Tree, walk
from trainables.data.reading import Reading, Wanted
from trainables.errors import InputError

_GAVE_WAY = "a table, and the names of the files and folders are read"


def read_folder(folder: Path, wanted: Wanted) -> Reading:
    """The folder's examples in the order of their paths, with an account of every file that is not one of them.

    Raises InputError: no layout fits, or several do.
    """
    outer = walk(folder)
    if known := published_format(outer, wanted):  # which may lie anywhere in it
        reading = known.read(outer, wanted)
        if known.gives_way:
            outer.note_tables(reading.account, _GAVE_WAY)
        reading = with_listed_splits(outer, reading, wanted)
        if known.gives_way and wanted.column == "label":
            reading.account.advice += naming_sound(outer, "the names of the files and folders")
        outer.note_left(reading.account)
        return reading
    tree = outer.unwrapped(wanted.layout.count("/") + 1 if wanted.layout else 1)
    if tree is not outer and (apart := _read_apart(outer, tree, wanted)):
        reading, tree = apart, outer
    else:
        reading = _read(tree, wanted)
    reading = with_listed_splits(tree, reading, wanted)
    if tree is not outer:  # the lists may lie beside the folder of the sound
        reading = with_listed_splits(outer, reading, wanted)
    advise_on_lists(tree, reading.account, tables=not reading.account.layout.startswith("class folders"))
    outer.taken |= {(*tree.folder.relative_to(outer.folder).parts, *parts) for parts in tree.taken}
    outer.note_left(reading.account)
    if tree is not outer:
        inner = tree.folder.relative_to(outer.folder).as_posix()
        reading.account.guesses.insert(0, f"the folder holds one folder more, {inner}, and that one is read.")
    return reading


def _read_apart(outer: Tree, tree: Tree, wanted: Wanted) -> Reading | None:
    """What is said or heard lies in a folder beside the one, `tree`, that holds all sound."""
    if reading := read_transcript_lists(outer, wanted) or read_label_lists(outer, wanted):
        return reading
    if outer.tables:
        return read_json_beside(outer, wanted)
    return read_texts_beside(outer, wanted) or _read_timed(outer, tree, wanted)


def _read_timed(outer: Tree, tree: Tree, wanted: Wanted) -> Reading | None:
    """Class folders stand above labels with times, texts with times above folders."""
    has_classes = wanted.column == "label" and len(tree.sound_tops()) > 1
    return None if has_classes else read_timed_texts(outer, wanted)


def _read(tree: Tree, wanted: Wanted) -> Reading:
    if wanted.layout is not None:
        return read_class_folders(tree, wanted)
    if known := published_format(tree, wanted):
        return known.read(tree, wanted)
    if reading := read_metadata(tree, wanted):
        return reading
    if shards := find_shards(tree, wanted):
        return read_shards(tree, shards, wanted)
    if reading := read_transcript_lists(tree, wanted) or read_label_lists(tree, wanted):
        return reading
    if reading := read_single_table(tree, wanted):
        return reading
    if reading := read_texts_beside(tree, wanted):
        return reading
    if reading := _read_timed(tree, tree, wanted) or read_label_texts(tree, wanted) or read_json_beside(tree, wanted):
        return reading
    reading = _read_classes(tree, wanted)
    reading = with_named_splits(with_listed_splits(tree, reading, wanted), wanted)
    advise_on_timed(tree, reading.account)
    reading.account.advice += [*naming_sound(tree), *naming_folders(tree)]
    refuse_other_labels(tree, wanted)
    return reading


def _read_classes(tree: Tree, wanted: Wanted) -> Reading:
    """Raises InputError: folders that give no classes, with the table to give in their place, if one is there."""
    if wanted.column != "label" and (tables := tables_in_place_of_folders(tree, wanted)):
        raise InputError(tables)
    try:
        reading = read_class_folders(tree, wanted)
    except InputError as error:
        raise InputError([*error.problems, *tables_in_place_of_folders(tree, wanted)]) from None
    if len({example.target for example in reading.examples}) == 1 and (
        tables := tables_in_place_of_folders(tree, wanted)
    ):
        raise InputError(tables)
    return reading
