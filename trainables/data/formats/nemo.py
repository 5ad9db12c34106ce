"""Lists of speech tools, a JSON object a line: FunASR's, and NVIDIA NeMo's with `audio_filepath` and the `duration`
that is read from `offset` on (docs.nvidia.com/nemo-framework, "Datasets", "Preparing custom ASR data").
"""

from __future__ import annotations

from trainables.data.formats.known import KnownTable

TABLES = (
    KnownTable(
        "FunASR's list",  # github.com/modelscope/FunASR, "Finetune"
        frozenset({"key", "source", "target"}),
        {"audio": "source", "text": "target", "label": "target", "id": "key"},
    ),
    KnownTable(
        "NeMo manifest",
        frozenset({"audio_filepath", "duration"}),
        {"audio": "audio_filepath", "start_seconds": "offset", "seconds": "duration"},
    ),
)
