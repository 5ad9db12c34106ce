"""SpeechBrain's lists: CSV with ID, duration, wav, wrd, or a JSON object with one entry for each utterance. Paths begin
with a placeholder for the data set's folder (speechbrain.readthedocs.io, "Data Loading Pipeline")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainables.data.formats.known import KnownTable, changed
from trainables.data.reading import Account, Wanted
from trainables.data.tables.table import Table

_ROOT = re.compile(r"(\$|\{)\w*(root|folder)\w*\}?/+")


def _fits(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("wav"), str) and _ROOT.match(row["wav"]) is not None


def _read(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    count = sum(_fits(row) for _, row in table.rows)
    account.guesses.append(
        f"The placeholders before the paths of {path.name} ({count}, such as $data_root) stand for its folder, or for "
        "data.audio_folder."
    )
    return changed(table, lambda row: {**row, "wav": _ROOT.sub("", row["wav"])} if _fits(row) else row), wanted


_NAMES = {"audio": "wav", "group": "spk_id", "id": "ID"}
TABLES = (
    KnownTable("SpeechBrain", frozenset({"wav", "wrd"}), {**_NAMES, "text": "wrd"}, _read, _fits),
    KnownTable("SpeechBrain", frozenset({"wav", "words"}), {**_NAMES, "text": "words"}, _read, _fits),
    KnownTable("SpeechBrain", frozenset({"wav"}), _NAMES, _read, _fits),
)
