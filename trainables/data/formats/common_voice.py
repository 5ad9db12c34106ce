"""Mozilla Common Voice: `train.tsv` and the like, with the sound in `clips/` beside them (github.com/common-voice/
cv-dataset). `client_id` is the voice."""

from __future__ import annotations

from trainables.data.formats.known import KnownTable

TABLES = (
    KnownTable(
        "Common Voice",
        frozenset({"client_id", "path", "sentence"}),
        {"audio": "path", "text": "sentence", "group": "client_id", "language": "locale"},
    ),
)
