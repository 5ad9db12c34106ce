"""RAVDESS: `Actor_NN/`, or one folder, with names of seven numbers,
MODALITY-CHANNEL-EMOTION-INTENSITY-STATEMENT-REPETITION-ACTOR (Livingstone and Russo 2018,
doi:10.1371/journal.pone.0196391). The class stands in the name, not in the folder.
"""

from __future__ import annotations

import re

from trainables.data.layouts.found import reading, require, shown
from trainables.data.layouts.tree import Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.table import Row

_NAME = re.compile(r"0[1-3]-(0[12])-(0[1-8])-(0[12])-(0[12])-(0[12])-(\d\d)(?:\D.*)?")
_FOLDER = re.compile(r"actor_?(\d\d)", re.IGNORECASE)
_EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
_CHANNELS, _INTENSITIES = ("speech", "song"), ("normal", "strong")


def matches(tree: Tree) -> bool:
    """Whether every sound stands in the folder of the actor that its name gives, or all in one folder of another
    name."""
    if len(tree.sounds) < 2:
        return False
    alone = len({path[:-1] for path in tree.sounds}) == 1
    return all(_is_of_actor(path, alone=alone) for path in tree.sounds)


def _is_of_actor(path: tuple[str, ...], *, alone: bool) -> bool:
    name = _NAME.fullmatch(path[-1].rpartition(".")[0])
    folder = _FOLDER.fullmatch(path[-2]) if len(path) > 1 else None
    return name is not None and (alone if folder is None else name[6] == folder[1])


def read(tree: Tree, wanted: Wanted) -> Reading:
    """The emotion is the label, the actor the group. Raises InputError: a task that wants no labels."""
    account = Account(layout="RAVDESS: the emotion and the actor in the file's name")
    require(account.layout, tree.folder, wanted, ("label", "channel_of_voice", "intensity", "statement", "actor"))
    rows: list[Row] = []
    for path in tree.sounds:
        match = _NAME.fullmatch(path[-1].rpartition(".")[0])
        assert match is not None
        voice, emotion, intensity, statement, _, actor = match.groups()
        further = {
            "channel_of_voice": _CHANNELS[int(voice) - 1],
            "intensity": _INTENSITIES[int(intensity) - 1],
            "statement": statement,
            "actor": actor,
        }
        row = {"audio": shown(path), "label": _EMOTIONS[int(emotion) - 1], "group": f"actor {actor}"}
        row |= {column: further[column] for column in wanted.columns.values() if column in further}
        rows.append((shown(path), row))
    account.origins |= {
        "label": "the third number of the file's name, the emotion",
        "group": "the last number, the actor",
    }
    return reading(tree.folder, rows, wanted, account)
