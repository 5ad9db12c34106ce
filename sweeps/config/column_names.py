"""The keys of `data.columns`: our names for a manifest's columns, and what each is for."""

from __future__ import annotations

from sweeps.config.container_types import Either, Field, Many, Table
from sweeps.config.scalar_types import Text

COLUMNS = {
    "audio": "Where a clip's sound is: a file's path, or a list of pieces.",
    "label": "The class of a clip (classification, label scoring).",
    "labels": "The labels of a clip (multilabel): a list, or texts with data.separator between; or columns of 0 and 1.",
    "targets": "The ratings of a clip (regression): a list of numbers; or a list of columns, one for each rating.",
    "text": "What is said in a clip (transcription), or the wanted answer (answering).",
    "id": "A name for each clip, used in predictions.",
    "group": "Speaker, recording or site: a group never stands on two sides of a split.",
    "split": "A given split: train, validation or test.",
    "fold": "A given fold, for `data.folds.outer: official`.",
    "start_seconds": "Where in its file a clip starts; a column such as start_ms is taken as milliseconds.",
    "seconds": "How long a clip is.",
    "end_seconds": "Where in its file a clip ends.",
    "lowpass_hz": "Everything from here up is removed.",
    "language": "What is spoken in a clip (transcription).",
    "question": "What a clip is asked (answering); left out: task.prompt.",
    "weight": "How much a clip's loss counts in training, relative to other clips; left out: 1.",
    "channel": "The channel that is heard, counted from 0; left out: the mean of all.",
}

SEVERAL = ("targets", "labels")  # for which several columns may stand
COLUMN_NAME = Text(r"[\s\S]*\S[\s\S]*|", 'a column\'s name, or "" for none')

COLUMN_NAMES = Table(
    {
        name: Field(Either((COLUMN_NAME, Many(COLUMN_NAME))) if name in SEVERAL else COLUMN_NAME, text)
        for name, text in COLUMNS.items()
    }
)
