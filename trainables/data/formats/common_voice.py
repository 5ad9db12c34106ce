"""Mozilla Common Voice: `train.tsv` and the like, with the sound in `clips/` beside them (github.com/common-voice/
cv-dataset). `client_id` is the voice; a clip is valid where more listeners agreed with its sentence than not.
"""

from __future__ import annotations

from pathlib import Path

from trainables.data.formats.known import KnownTable
from trainables.data.reading import Account, Wanted
from trainables.data.tables.table import Table
from trainables.data.tables.values import filled, number


def _read(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    votes = [tuple(number(filled(row.get(name))) or 0 for name in ("up_votes", "down_votes")) for _, row in table.rows]
    refused, unsure = sum(up < down for up, down in votes), sum(up == down for up, down in votes)
    if any(map(any, votes)) and refused + unsure:
        account.advice.append(
            f"{path.name}: of {len(votes):,} clips {refused:,} have more down_votes than up_votes, {unsure:,} as many: "
            "listeners heard another sentence, or nobody has checked it. validated.tsv holds those that count as right."
        )
    return table, wanted


TABLES = (
    KnownTable(
        "Common Voice",
        frozenset({"client_id", "path", "sentence"}),
        {"audio": "path", "text": "sentence", "group": "client_id", "language": "locale"},
        _read,
    ),
)
