"""NSynth (magenta.tensorflow.org/datasets/nsynth): `examples.json` with a note each, sound in `audio/NOTE_STR.wav`; and
MTG-Jamendo (github.com/MTG/mtg-jamendo-dataset): tables of tracks, whose tags fill as many cells as there are."""

from __future__ import annotations

from trainables.data.formats.known import KnownTable

TABLES = (
    KnownTable(
        "NSynth",
        frozenset({"note_str", "instrument_family_str"}),
        {"audio": "note_str", "label": "instrument_family_str", "group": "instrument_str"},
    ),
    KnownTable(
        "MTG-Jamendo",
        frozenset({"TRACK_ID", "PATH", "TAGS"}),
        {"audio": "PATH", "id": "TRACK_ID", "group": "ARTIST_ID", "labels": "TAGS", "label": "TAGS"},
    ),
)
