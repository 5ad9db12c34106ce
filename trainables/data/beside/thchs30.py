"""THCHS-30 (openslr.org/18): `data/A2_0.wav` and `data/A2_0.wav.trn`, whose first line is what is said, in words; below
it stand syllables and phones. `train`, `dev` and `test` hold links to the sounds, and `.trn` files that name those of
`data`.
"""

from __future__ import annotations

import os
import re

from trainables.data.layouts.found import lines_of, reading, require, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.split_names import split_name
from trainables.data.tables.table import Row
from trainables.errors import InputError

_NAME = re.compile(r"([A-D]\d+)_\d+\.wav")
_ENDING = ".trn"


def matches(tree: Tree) -> bool:
    """Looks at names alone."""
    lists = _lists(tree)
    return bool(lists) and any(_NAME.fullmatch(parts[-1]) and _list_of(parts) in lists for parts in tree.sounds)


def read(tree: Tree, wanted: Wanted) -> Reading:
    """Sounds that a folder of a split has, as link or as copy, are those of the split, and are read once. Raises
    InputError: a task that wants no texts, or a `.trn` that leads nowhere."""
    account = Account(layout="THCHS-30: the first line of each .wav.trn")
    require(account.layout, tree.folder, wanted, ("text",))
    lists = _lists(tree)
    chosen: dict[str, Parts] = {}
    for sound in tree.sounds:
        if not _NAME.fullmatch(sound[-1]) or _list_of(sound) not in lists:
            account.not_read(shown(sound), f"no {_ENDING} file lies beside it")
        elif sound[-1] not in chosen or (_split(sound) and not _split(chosen[sound[-1]])):
            chosen[sound[-1]] = sound
    in_splits = any(map(_split, chosen.values()))
    rows: list[Row] = []
    outside = 0
    for name, sound in sorted(chosen.items(), key=lambda pair: pair[1]):
        split = _split(sound)
        if in_splits and split is None:
            outside += 1
            account.not_read(shown(sound), "in the folder of no split")
            continue
        match = _NAME.fullmatch(name)
        row = {"audio": shown(sound), "text": _text(tree, _list_of(sound)), "group": match[1] if match else name}
        rows.append((shown(sound), row | ({"split": split} if split else {})))
    if in_splits:
        account.guesses.append("Sounds that the folders of splits link to are read there, and not once more in data/.")
    if outside:
        account.guesses.append(f"{outside} sounds of data/ are in no split's folder and are left out.")
    account.origins |= {"text": f"the first line of the {_ENDING} files", "group": "the speaker in the file's name"}
    account.origins |= {"split": "the folders of the files"} if in_splits else {}
    tree.taken |= lists
    return reading(tree.folder, rows, wanted, account)


def _lists(tree: Tree) -> set[Parts]:
    return {parts for parts in tree.others if parts[-1].endswith(f".wav{_ENDING}")}


def _list_of(sound: Parts) -> Parts:
    return (*sound[:-1], sound[-1] + _ENDING)


def _split(sound: Parts) -> str | None:
    return split_name(sound[-2]) if len(sound) > 1 else None


def _text(tree: Tree, parts: Parts) -> str:
    """The first line, or that of the file in the same data set that it names."""
    lines = lines_of(tree.path(parts))
    first = lines[0].strip() if lines else ""
    if not first.endswith(_ENDING):
        return first
    named = os.path.normpath(os.path.join(*parts[:-1], first))
    if named.startswith("..") or os.path.isabs(named):
        raise InputError(f"{tree.path(parts)}: names {first}, which is not in {tree.folder}.")
    return next(iter(lines_of(tree.folder / named)), "").strip()
