"""Tables in a folder that name its sound: `metadata.csv` as in Hugging Face's `AudioFolder`, or the one manifest."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace

from trainables.data.examples import Example
from trainables.data.formats.manifest import read_manifest
from trainables.data.layouts.coded_names import are_codes
from trainables.data.layouts.folder_splits import with_folder_splits
from trainables.data.layouts.found import first_line
from trainables.data.layouts.levels import shown
from trainables.data.layouts.shards import refuse_several
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Skip, Wanted
from trainables.data.split_names import SplitNames, among_siblings
from trainables.data.tables.places import SPREAD
from trainables.data.tables.rows import read_rows
from trainables.data.tables.spellings import meaning
from trainables.errors import InputError

METADATA = tuple(f"metadata.{ending}" for ending in ("jsonl", "csv", "tsv", "parquet"))
_LOOKED_AT = 50  # rows of a table whose files are looked for
_TEXTS, _MOST_TEXTS = (".txt", ".lst", ".list", ".dat"), 20
_DIVIDERS = re.compile(r"[,;|\t ]")
_MOST_OF_IT = 0.5  # of the sound, which tables name together


def read_metadata(tree: Tree, wanted: Wanted) -> Reading | None:
    """The rows of the tables called metadata, at the top, in the folders of the splits, or in the one folder that has
    one. None: there are none, or they add nothing to what the names of their folders say.

    Raises InputError: one split has such a table and the other has sound and a table of another name; tables in class
    folders that say other labels than the folders; tables of several data sets.
    """
    named = [parts for parts in tree.tables if parts[-1].lower() in METADATA]
    top = [parts for parts in named if len(parts) == 1]
    if top:
        return with_folder_splits(_read_all(tree, top, wanted, SplitNames()), wanted)
    splits = among_siblings(tree.tops())
    in_splits = [parts for parts in named if len(parts) == 2 and parts[0] in splits.of]
    if in_splits:
        without = _splits_without(tree, in_splits, splits)
        reading = _read_all(tree, in_splits, wanted, splits)
        reading.account.guesses += without
        return reading
    if not named or (wanted.column == "label" and len(tree.sound_tops()) > 1):
        _refuse_other_labels(tree, named, wanted)
        return None
    refuse_several(tree, [parts[:-1] for parts in named])
    return with_folder_splits(_read_all(tree, named, wanted, SplitNames()), wanted)


def _read_all(tree: Tree, tables: Sequence[Parts], wanted: Wanted, splits: SplitNames) -> Reading:
    """Several tables as one data set; a folder's name gives the split of rows that have none."""
    examples: list[Example] = []
    account = Account(
        layout=f"tables ({shown(['/'.join(parts) for parts in tables])})", guesses=[f"{said}." for said in splits.said]
    )
    for parts in tables:
        split = splits.of.get(parts[0]) if len(parts) > 1 else None
        prefix = f"{parts[0]}/" if split else ""
        part = read_manifest(tree.path(parts), _with_file_name(tree, parts, wanted), prefix)
        if split and not all(example.split for example in part.examples):
            account.origins["split"] = "the folders of the tables"
        examples += [replace(example, split=example.split or split) for example in part.examples]
        account.include(part.account)
    reading = Reading(examples, account)
    tree.note_unused(reading, tables)
    return reading


def _splits_without(tree: Tree, tables: Sequence[Parts], splits: SplitNames) -> list[str]:
    """What to say of splits that hold sound and no table. Raises InputError: the table is called something else."""
    served = {parts[0] for parts in tables}
    problems, said = [], []
    for name in splits.of:
        others = [parts[1] for parts in tree.tables if parts[0] == name and len(parts) == 2]
        sounds = sum(parts[0] == name and len(parts) > 1 for parts in (*tree.sounds, *tree.unread))
        if name in served or not sounds:
            continue
        if not others:
            said.append(f"{name}/ holds {sounds} files with sound and no table: they are left out.")
            continue
        problems.append(
            f"{tree.folder}: {name}/ holds {sounds} files with sound and no {tables[0][1]}, as {shown(sorted(served))} "
            f"does; is it {shown(others)}? Give that table the name {tables[0][1]}."
        )
    if problems:
        raise InputError(problems)
    return said


def _refuse_other_labels(tree: Tree, tables: Sequence[Parts], wanted: Wanted) -> None:
    """Raises InputError: tables inside class folders give other labels than the names of the folders."""
    for parts in tables:
        reading = _tried(tree, parts, wanted)
        other = next((e for e in reading.examples if str(e.target) not in parts), None) if reading else None
        if other is not None:
            raise InputError(
                f"{tree.folder}: {'/'.join(parts)} gives {other.id} the label {str(other.target)!r}, and it stands in "
                f"the folder {parts[-2]}. For the folders' names say data.layout: classes; for the tables, join them "
                f"in one {parts[-1]} at the top."
            )


def read_single_table(tree: Tree, wanted: Wanted) -> Reading | None:
    """The one table at the top that names sound which is there. None: class folders stand beside tables that do not.

    Raises InputError: several such tables, and where there are no class folders, whatever is wrong with the only table.
    """
    tables = [parts for parts in tree.tables if len(parts) == 1]
    found = [parts for parts in (*tables, *_called_texts(tree, wanted)) if _names_sound(tree, parts, wanted)]
    if len(found) > 1:
        names = ", ".join(parts[0] for parts in found)
        raise InputError(f"{tree.folder}: holds several tables that name sound ({names}); give one as data.source.")
    if not found and len(tables) == 1 and len({parts[:-1] for parts in (*tree.sounds, *tree.unread)} - {()}) < 2:
        found = [*tables]
    if not found:
        return None
    reading = with_folder_splits(read_manifest(tree.path(found[0]), wanted), wanted)
    tree.taken |= {*found}
    tree.note_unused(reading, found)
    return reading


def _called_texts(tree: Tree, wanted: Wanted) -> list[Parts]:
    """Files at the top that are called texts and begin with a header, with a column of sound and the task's."""
    texts = [parts for parts in tree.others if len(parts) == 1 and parts[0].lower().endswith(_TEXTS)]
    if len(texts) > _MOST_TEXTS:  # one for each sound
        return []
    needed = {"audio", wanted.column}
    known = {name: ours for ours, name in wanted.columns.items()}
    heads = {parts: _DIVIDERS.split(first_line(tree.path(parts))) for parts in texts}
    return [
        parts for parts, cells in heads.items() if needed <= {known.get(cell.strip(), meaning(cell)) for cell in cells}
    ]


def name_most_sound(tree: Tree, tables: Sequence[Parts], wanted: Wanted) -> bool:
    """Whether the tables, as far as they have the task's column, together name most of the sound that is here."""
    readings = [reading for parts in tables if (reading := _tried(tree, parts, wanted))]
    named = {piece.path for reading in readings for example in reading.examples for piece in example.audio}
    return bool(named) and sum(map(os.path.exists, named)) >= _MOST_OF_IT * len(tree.sounds)


def _with_file_name(tree: Tree, parts: Parts, wanted: Wanted) -> Wanted:
    """`file_name` is the column of the sound in a table called metadata; other names are looked for as in any table."""
    is_theirs = parts[-1].lower() in METADATA and "file_name" in _columns(tree, parts, wanted)
    return replace(wanted, columns={"audio": "file_name", **wanted.columns}) if is_theirs else wanted


def _columns(tree: Tree, parts: Parts, wanted: Wanted) -> list[str]:
    """The columns that any row has; none of what is no table."""
    try:
        rows = read_rows(tree.path(parts), wanted.columns, wanted.cache_folder).rows
    except InputError:
        return []
    return list(dict.fromkeys(name for _, row in rows for name in row))


def _names_sound(tree: Tree, parts: Parts, wanted: Wanted) -> bool:
    reading = _tried(tree, parts, wanted)
    examples = reading.examples[:_LOOKED_AT] if reading else []
    if reading and wanted.column == "label" and any(SPREAD in sentence for sentence in reading.account.guesses):
        return are_codes(tree)  # else the folders of the files may be the classes
    return any(os.path.exists(piece.path) for example in examples for piece in example.audio)


def _tried(tree: Tree, parts: Parts, wanted: Wanted) -> Reading | None:
    """The rows of a table that can be used, however few; None where it has not the columns, or is no table."""
    wanted = replace(_with_file_name(tree, parts, wanted), skip=Skip(most_percent=100.0))
    try:
        return read_manifest(tree.path(parts), wanted)
    except InputError:
        return None
