"""Tables of speech whose rows are no clips as they stand: MELD (dialogues of a series, Poria et al. 2019,
arXiv:1810.02508) and SLURP (several recordings of one command, Bastianelli et al. 2020, arXiv:2011.13205)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainables.data.formats.known import KnownTable
from trainables.data.reading import Account, Wanted
from trainables.data.tables.table import Row, Table

_SECONDS_OF_THE_EPISODE = ("StartTime", "EndTime")


def _meld(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    """Sound is called by dialogue and utterance; times are those of the episode, and not of the file."""
    side = path.name.partition("_")[0]
    rows: list[Row] = []
    for where, row in table.rows:
        dialogue, utterance = row.get("Dialogue_ID"), row.get("Utterance_ID")
        kept = {name: row[name] for name in row if name not in _SECONDS_OF_THE_EPISODE}
        kept |= {"audio": f"dia{dialogue}_utt{utterance}", "group": f"{side} dialogue {dialogue}"}
        rows.append((where, {"id": f"{side} dia{dialogue}_utt{utterance}", **kept}))
    account.origins |= {"audio": "Dialogue_ID and Utterance_ID", "group": "the dialogue"}
    return replace(table, rows=rows), wanted


def _slurp(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    """Every recording of a sentence is a clip, and the sentence is the group."""
    rows: list[Row] = []
    without = 0
    for where, row in table.rows:
        recordings = row.get("recordings")
        files = [of["file"] for of in recordings or () if isinstance(of, Mapping) and isinstance(of.get("file"), str)]
        without += not files
        kept = {name: row[name] for name in row if name != "recordings" and isinstance(row[name], str | int | float)}
        rows += [(where, {**kept, "audio": file, "group": f"sentence {row.get('slurp_id')}"}) for file in files]
    if without:
        account.guesses.append(f"{without} sentences of {path.name} have no recording and are no clips.")
    account.origins |= {"audio": "the files of recordings", "group": "the sentence"}
    return replace(table, rows=rows), wanted


def _has_recordings(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("recordings"), list)


TABLES = (
    KnownTable(
        "MELD",
        frozenset({"Utterance", "Emotion", "Dialogue_ID", "Utterance_ID"}),
        {"label": "Emotion", "text": "Utterance"},
        _meld,
    ),
    KnownTable(
        "SLURP", frozenset({"slurp_id", "recordings"}), {"label": "intent", "text": "sentence"}, _slurp, _has_recordings
    ),
)
