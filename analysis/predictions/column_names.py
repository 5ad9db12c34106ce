"""How other programs call the columns of a predictions file. A name counts without case, spaces, `_`, `-` and dots.

Our own name is taken first. What was read by another name is said, and where two columns may be the same thing and
differ, nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from trainables.errors import InputError

SPELLINGS: Mapping[str, Sequence[str]] = {
    # the first that is there: any of them names an example
    "example_id": (
        "exampleid", "id", "uttid", "utteranceid", "clipid", "sampleid", "audioid", "fileid", "path", "file",
        "filename", "filepath", "audiofilepath", "audiofile", "audiopath", "audio", "clip", "wav", "utterance", "fname",
    ),
    "target": (
        "target", "targets", "label", "truth", "groundtruth", "gt", "true", "truelabel", "ytrue", "gold", "goldlabel",
        "actual", "expected", "reference", "ref", "class", "text", "sentence", "transcript", "transcription",
    ),
    "output": (
        "output", "outputs", "prediction", "predictions", "predicted", "pred", "preds", "predlabel", "predictedlabel",
        "predictedclass", "ypred", "yhat", "hypothesis", "hyp", "predtext", "predictedtext", "answer", "response",
    ),
    "seed": ("seed", "randomseed", "randomstate", "runseed"),
    "group": ("group", "speaker", "speakerid", "clientid", "spk", "spkid", "speakername"),
    "fold": ("fold", "foldid", "cvfold", "testfold"),
}  # fmt: skip
FIRST_WINS = ("example_id",)
Columns = Mapping[str, list[Any]]


def by_our_names(file: str, columns: Columns) -> tuple[dict[str, list[Any]], list[str]]:
    """The columns under the names that we read, and what is to be said of it.

    Raises InputError: two columns may be the same one of ours, and their cells differ.
    """
    plain: dict[str, list[str]] = {}
    for name in columns:
        plain.setdefault(re.sub(r"[\s_.\-]", "", name).casefold(), []).append(name)
    taken: dict[str, str] = {}
    problems = []
    for ours, spellings in SPELLINGS.items():
        if ours in columns:
            continue
        found = [name for spelling in spellings for name in plain.get(spelling, []) if name not in SPELLINGS]
        differ = [name for name in found[1:] if columns[name] != columns[found[0]]]
        if differ and ours not in FIRST_WINS:
            both = " and ".join(map(repr, (found[0], *differ)))
            problems.append(f"{file}: {both} may each be the {ours}; name one of them {ours}.")
        elif found:
            taken[found[0]] = ours
    if problems:
        raise InputError(problems)
    said = ", ".join(f"{name!r} as {ours}" for name, ours in taken.items())
    notes = [f"{file}: columns were read by what they are called: {said}."] if taken else []
    return {taken.get(name, name): cells for name, cells in columns.items()}, notes
