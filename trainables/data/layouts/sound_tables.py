"""Data sets whose table lies in a folder of its own, beside that of the sound: ESC-50 (`meta/esc50.csv`, `audio/`),
UrbanSound8K (`metadata/UrbanSound8K.csv`, `audio/fold1/`) and FSD50K (`FSD50K.ground_truth/dev.csv` and `eval.csv`).
What their columns mean stands with the tables (`formats/sound_events.py`, `formats/fsd50k.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from trainables.data.formats.manifest import read_manifest
from trainables.data.layouts.found import first_line, shown
from trainables.data.layouts.several_tables import joined
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.errors import InputError

# The folder of the tables -> columns that tell them
_TABLES: Mapping[str, frozenset[str]] = {
    "meta": frozenset({"filename", "fold", "target", "category"}),
    "metadata": frozenset({"slice_file_name", "fsID", "fold", "class"}),
    "FSD50K.ground_truth": frozenset({"fname", "labels", "mids"}),
}
# Paths of sound that say whose they are when the table is missing, and what is missing
_WITHOUT = {
    "meta/esc50.csv of ESC-50": re.compile(r"(.*/)?audio/[1-5]-\d+-[A-Z]-\d+\.\w+"),
    "metadata/UrbanSound8K.csv": re.compile(r"(.*/)?fold\d+/\d+-\d-\d+-\d+\.\w+"),
}


def matches(tree: Tree) -> bool:
    return bool(_tables(tree)) or _missing(tree) is not None


def read(tree: Tree, wanted: Wanted) -> Reading:
    """Raises InputError: the table is missing, and as `read_manifest`."""
    tables = _tables(tree)
    if not tables:
        raise InputError(
            f"{tree.folder}: its files are called as those that {_missing(tree)} describes, and that table is not "
            "there; it says the classes: lay it beside the folder of the sound."
        )
    parts = {table: read_manifest(tree.path(table), wanted) for table in tables}
    reading = joined(parts, {}, Account())
    tree.note_unused(reading, tables)
    return reading


def _tables(tree: Tree) -> list[Parts]:
    """Those of one data set. Raises InputError: there are several."""
    fits = []
    for table in tree.tables:
        columns = _TABLES.get(table[-2]) if len(table) > 1 else None
        if columns and columns <= set(re.split(r"[,;\t]", first_line(tree.path(table)).replace('"', ""))):
            fits.append(table)
    homes = sorted({table[:-1] for table in fits})
    if len(homes) > 1:
        names = ", ".join(shown(home[:-1]) for home in homes)
        raise InputError(f"{tree.folder}: holds several data sets ({names}); name the folder of one as data.source.")
    return fits


def _missing(tree: Tree) -> str | None:
    names = ["/".join(parts) for parts in tree.sounds]
    fits = (what for what, name in _WITHOUT.items() if names and all(map(name.fullmatch, names)))
    return next(fits, None)
