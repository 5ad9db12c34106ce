"""A folder of recordings with Raven's selection tables, one for each recording (`NAME.Table.1.selections.txt`) or one
for several. What the columns mean stands in `formats/raven.py`."""

from __future__ import annotations

from trainables.data.formats.manifest import read_manifest
from trainables.data.formats.raven import BEGIN, END
from trainables.data.layouts.folder_splits import with_folder_splits
from trainables.data.layouts.found import first_line
from trainables.data.layouts.several_tables import joined, prefix_of
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted

_ENDINGS = (".txt", ".tsv")
_LOOKED_AT = 50  # files


def matches(tree: Tree) -> bool:
    return bool(tree.sounds) and bool(_tables(tree))


def read(tree: Tree, wanted: Wanted) -> Reading:
    """Raises InputError: as `read_manifest`."""
    tables = _tables(tree)
    readings = {table: read_manifest(tree.path(table), wanted, prefix_of(table, tables)) for table in tables}
    reading = joined(readings, {}, Account())
    reading.account.layout = f"{len(tables)} selection tables of Raven"
    tree.taken |= {*tables}
    tree.note_unused(reading, tables)
    return with_folder_splits(reading, wanted)


def _tables(tree: Tree) -> list[Parts]:
    """A look at the first texts tells whether the others are worth one: a corpus has a text for each recording."""
    texts = sorted(parts for parts in (*tree.others, *tree.tables) if parts[-1].lower().endswith(_ENDINGS))
    if not any(_is_one(tree, parts) for parts in texts[:_LOOKED_AT]):
        return []
    return [parts for parts in texts if _is_one(tree, parts)]


def _is_one(tree: Tree, parts: Parts) -> bool:
    columns = first_line(tree.path(parts)).split("\t")
    return BEGIN in columns and END in columns
