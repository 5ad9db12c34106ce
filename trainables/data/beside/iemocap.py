"""IEMOCAP (Busso et al. 2008, sail.usc.edu/iemocap): `Session1/sentences/wav/DIALOGUE/TURN.wav`; emotions stand in
`Session1/dialog/EmoEvaluation/DIALOGUE.txt` and words in `Session1/dialog/transcriptions/DIALOGUE.txt`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from trainables.data.layouts.found import lines_of, reading, require, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.gathered import gathered
from trainables.data.tables.table import Row, Table
from trainables.errors import InputError

_TURN = re.compile(r"(Ses0([1-5])[FM]_\w+)_([FM])\w*\d+\w?")
_EMOTION = re.compile(r"\[[\d.]+ - [\d.]+\]\t(\S+)\t(\w+)\t\[([\d.]+), ([\d.]+), ([\d.]+)\]")
_WORDS = re.compile(r"(\S+) \[[\d.]+-[\d.]+\]: (.*)")
_NAMES = {
    "ang": "anger",
    "hap": "happiness",
    "exc": "excitement",
    "sad": "sadness",
    "neu": "neutral",
    "fru": "frustration",
    "fea": "fear",
    "sur": "surprise",
    "dis": "disgust",
}
_UNDECIDED = {"xxx": "the listeners disagreed", "oth": "another emotion"}
RATINGS = ("valence", "activation", "dominance")


def matches(tree: Tree) -> bool:
    return bool(_files(tree, "EmoEvaluation")) and any(_turn(sound) for sound in tree.sounds)


def read(tree: Tree, wanted: Wanted) -> Reading:
    """The session is the fold and the speaker the group, as five-fold evaluations take them. Turns of which the
    listeners disagreed have no label, and are left out with a count. Raises InputError: neither labels nor texts are
    wanted."""
    account = Account(layout="IEMOCAP: EmoEvaluation and transcriptions of each dialogue")
    if not wanted.gathered:  # {targets: [valence, activation]}
        require(account.layout, tree.folder, wanted, ("label", "text", *RATINGS))
    emotions = _values(tree, "EmoEvaluation", _EMOTION)
    words = _values(tree, "transcriptions", _WORDS)
    rows: list[Row] = []
    undecided: Counter[str] = Counter()
    for sound in tree.sounds:
        turn = _turn(sound)
        if turn is None:
            account.not_read(shown(sound), "a whole dialogue, whose turns are read")
            continue
        name = turn[0]
        row = {"audio": shown(sound), "group": f"session {turn[2]} {turn[3]}", "fold": turn[2]}
        if wanted.column == "text":
            row |= {"text": words[name][0]} if name in words else {}
        elif name in emotions:
            code, *ratings = emotions[name]
            if wanted.column == "label" and "label" not in wanted.columns and code in _UNDECIDED:
                undecided[code] += 1
                continue
            row |= {"label": _NAMES.get(code, code), **dict(zip(RATINGS, ratings, strict=True))}
        if len(row) == 3:
            account.not_read(shown(sound), "no line says what is in it")
            continue
        rows.append((shown(sound), row))
    for code, count in undecided.items():
        account.guesses.append(f"{count} turns have the label {code} ({_UNDECIDED[code]}) and are no clips.")
    account.origins |= {"group": "session and speaker in the file's name", "fold": "the session"}
    if not wanted.gathered:
        account.origins |= {wanted.column: "transcriptions" if wanted.column == "text" else "EmoEvaluation"}
    tree.taken |= {*_files(tree, "EmoEvaluation"), *_files(tree, "transcriptions")}
    return reading(tree.folder, gathered(Table(rows), wanted, account).rows, wanted, account)


def _turn(sound: Parts) -> re.Match[str] | None:
    """Of a sentence; those of a dialogue's recording are other names."""
    name = sound[-1].rpartition(".")[0]
    return _TURN.fullmatch(name) if "sentences" in sound[:-1] else None


def _files(tree: Tree, folder: str) -> list[Parts]:
    """The files of the dialogues; folders below hold what single listeners said."""
    return [
        parts
        for parts in tree.others
        if len(parts) > 1 and parts[-2] == folder and parts[-1].startswith("Ses0") and parts[-1].endswith(".txt")
    ]


def _values(tree: Tree, folder: str, line: re.Pattern[str]) -> Mapping[str, tuple[str, ...]]:
    """Turn -> what the rest of its line says. Raises InputError: a file that cannot be read."""
    found: dict[str, tuple[str, ...]] = {}
    for parts in _files(tree, folder):
        for written in lines_of(tree.path(parts)):
            if match := line.fullmatch(written.strip()):
                found[match[1]] = match.groups()[1:]
    if not found and folder == "EmoEvaluation":
        raise InputError(f"{tree.folder}: is laid out as IEMOCAP, and no line of EmoEvaluation gives an emotion.")
    return found
