"""ESC-50 (github.com/karolpiczak/ESC-50) and UrbanSound8K (urbansounddataset.weebly.com): a table in a folder beside
that of the sound, official folds, and the recording on Freesound that a clip was cut from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainables.data.formats.known import KnownTable, changed
from trainables.data.reading import Account, Wanted
from trainables.data.tables.table import Table


def _urbansound8k(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    """`start` and `end` are places in the recording on Freesound, of which the file is the stretch between them."""
    found = changed(table, _slice)
    account.guesses.append(
        f"The columns start and end of {path.name} are places in the recordings that the clips were cut from: they "
        "crop nothing."
    )
    return found, wanted


def _slice(row: Mapping[str, Any]) -> Mapping[str, Any]:
    rest = {name: value for name, value in row.items() if name not in ("start", "end", "slice_file_name")}
    return {"audio": f"fold{row.get('fold')}/{row.get('slice_file_name')}", **rest}


TABLES = (
    KnownTable(
        "ESC-50",
        frozenset({"filename", "fold", "target", "category"}),
        {"audio": "filename", "label": "category", "group": "src_file", "fold": "fold"},
    ),
    KnownTable(
        "UrbanSound8K",
        frozenset({"slice_file_name", "fsID", "start", "end", "fold", "class"}),
        {"label": "class", "group": "fsID", "fold": "fold"},
        _urbansound8k,
    ),
)
