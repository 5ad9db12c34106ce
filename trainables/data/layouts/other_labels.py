"""Tables beside class folders that label the same sound otherwise: which of the two are the labels must be asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Wanted
from trainables.data.tables.rows import read_rows
from trainables.data.tables.spellings import meaning
from trainables.errors import InputError

_MOST_BYTES = 64 << 20  # of a table that is looked at: lists of clips are small, tables of features are not


def refuse_other_labels(tree: Tree, wanted: Wanted) -> None:
    """Raises InputError: a table names sound of the folder and gives it labels that divide it otherwise than the
    folders do. Codes for the folders' names, and tables without labels, are no matter."""
    by_name: dict[str, list[Parts]] = defaultdict(list)
    for parts in (*tree.sounds, *tree.unread):
        by_name[parts[-1]].append(parts)
        by_name[PurePosixPath(parts[-1]).stem].append(parts)
    for table in tree.tables:
        rows = _rows(tree, table, wanted)
        names = dict.fromkeys(name for row in rows for name in row)
        labels = [name for name in names if name == wanted.columns.get("label") or meaning(str(name)) == "label"]
        for column in names if labels else ():
            found = [_sound(row.get(column), by_name) for row in rows]
            if column in labels or not 0 < len(rows) <= 2 * sum(parts is not None for parts in found):
                continue
            pairs = [[(str(row.get(label)), sound) for row, sound in zip(rows, found, strict=True)] for label in labels]
            if not any(_agree([(label, sound) for label, sound in of if sound]) for of in pairs):
                raise InputError(
                    f"{tree.folder}: {'/'.join(table)} names its sound in the column {column!r}, and its column "
                    f"{labels[0]!r} divides it otherwise than the folders do. For the table, give it as data.source "
                    f"with `data.columns: {{audio: {column}, label: {labels[0]}}}`; for the folders' names, say "
                    "data.layout: classes."
                )


def _rows(tree: Tree, table: Parts, wanted: Wanted) -> Sequence[Mapping[str, Any]]:
    path = tree.path(table)
    try:
        if table[-1].lower().endswith((".parquet", ".arrow", ".feather")) or path.stat().st_size > _MOST_BYTES:
            return []
        return [row for _, row in read_rows(path, wanted.columns, wanted.cache_folder).rows]
    except (InputError, OSError):
        return []


def _sound(value: Any, by_name: Mapping[str, Sequence[Parts]]) -> Parts | None:
    """The sound that a cell names, where it is one: by its path, or by its name alone."""
    if not isinstance(value, str) or not value.strip():
        return None
    written = tuple(part for part in value.strip().replace("\\", "/").split("/") if part not in ("", "."))
    named = by_name.get(written[-1] if written else "", ())
    fits = [parts for parts in named if parts[-len(written) : -1] == written[:-1]] or named
    return fits[0] if len(set(fits)) == 1 else None


def _agree(pairs: Sequence[tuple[str, Parts]]) -> bool:
    """Whether labels and the folders of some level divide the sound alike."""
    depth = min((len(sound) - 1 for _, sound in pairs), default=0)
    for level in range(depth):
        both = {(label, sound[level]) for label, sound in pairs}
        if len(both) == len({label for label, _ in both}) == len({folder for _, folder in both}):
            return True
    return False
