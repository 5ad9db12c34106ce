"""NVIDIA NeMo's manifests: a JSON object a line with `audio_filepath` and the `duration` that is read from `offset` on
(docs.nvidia.com/nemo-framework, "Datasets", "Preparing custom ASR data")."""

from __future__ import annotations

from trainables.data.formats.known import KnownTable

TABLES = (
    KnownTable(
        "NeMo manifest",
        frozenset({"audio_filepath", "duration"}),
        {"audio": "audio_filepath", "start_seconds": "offset", "seconds": "duration"},
    ),
)
