"""GigaSpeech's one JSON: recordings with their `segments` (begin_time, end_time, text_tn), of subsets XL to XS, DEV and
TEST (Chen et al. 2021, arXiv:2106.06909; github.com/SpeechColab/GigaSpeech).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainables.data.formats.known import KnownTable
from trainables.data.reading import Account, Wanted
from trainables.data.tables.table import Row, Table

_MARKS = {"<COMMA>": ",", "<PERIOD>": ".", "<QUESTIONMARK>": "?", "<EXCLAMATIONPOINT>": "!"}
_MARK = re.compile(rf"\s*({'|'.join(_MARKS)})")
_NO_SPEECH = ("<SIL>", "<MUSIC>", "<NOISE>", "<OTHER>")
_SPLITS = {"{DEV}": "validation", "{TEST}": "test"}  # any other subset is for training


def _read(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    rows: list[Row] = []
    silent = 0
    for where, recording in table.rows:
        segments = recording.get("segments")
        for segment in segments if isinstance(segments, list) else ():
            if not isinstance(segment, Mapping):
                account.leave_out(where, "has a segment that is no object.")
                continue
            text = str(segment.get("text_tn") or "")
            if text.strip() in _NO_SPEECH:
                silent += 1
                continue
            rows.append((f"{where}, segment {segment.get('sid')}", _clip(recording, segment, text)))
    if silent:
        account.guesses.append(f"{silent} segments of no speech ({', '.join(_NO_SPEECH)}) are no clips.")
    account.guesses.append("Marks such as <COMMA> in the texts are read as the signs that they stand for.")
    account.origins |= {"text": "text_tn of the segments", "group": "the recording"}
    if {row["split"] for _, row in rows} > {"train"}:
        account.origins["split"] = "the subsets DEV and TEST; all others are for training"
    else:
        rows = [(where, {name: row[name] for name in row if name != "split"}) for where, row in rows]
    return replace(table, rows=rows), wanted


def _clip(recording: Mapping[str, Any], segment: Mapping[str, Any], text: str) -> dict[str, Any]:
    subsets = [*(recording.get("subsets") or ()), *(segment.get("subsets") or ())]
    return {
        "id": segment.get("sid"),
        "audio": recording.get("path"),
        "group": recording.get("aid"),
        "split": next((split for subset, split in _SPLITS.items() if subset in subsets), "train"),
        "start_seconds": segment.get("begin_time"),
        "end_seconds": segment.get("end_time"),
        "text": _MARK.sub(lambda match: _MARKS[match[1]], text).strip(),
    }


TABLES = (KnownTable("GigaSpeech", frozenset({"aid", "path", "segments"}), {}, _read),)
