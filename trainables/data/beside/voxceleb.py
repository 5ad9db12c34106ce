"""VoxCeleb (Nagrani et al. 2017, arXiv:1706.08612): `id10001/VIDEO/00001.wav`, speakers above videos, and the splits of
identification in `iden_split.txt` (`1 id10001/VIDEO/00001.wav`; 1 train, 2 validation, 3 test).
"""

from __future__ import annotations

import re

from trainables.data.layouts.found import lines_of, reading, require, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.table import Row

LIST = "iden_split.txt"
_SPEAKER, _VIDEO, _CLIP = re.compile(r"id\d{5}"), re.compile(r"[\w-]{11}"), re.compile(r"\d{5}\.\w+")
_SPLITS = {"1": "train", "2": "validation", "3": "test"}


def matches(tree: Tree) -> bool:
    return bool(tree.sounds) and all(map(_is_theirs, tree.sounds))


def read(tree: Tree, wanted: Wanted) -> Reading:
    """The speaker is the label, the video the group. The folders `dev` and `test` hold different speakers, for telling
    whether two voices are one, and are no splits of a classifier. Raises InputError: a task that wants no labels."""
    account = Account(layout="VoxCeleb: speakers above videos")
    require(account.layout, tree.folder, wanted, ("label",))
    sides = _sides(tree, account)
    rows: list[Row] = []
    for sound in tree.sounds:
        speaker, video = sound[-3:-1]
        row = {"audio": shown(sound), "label": speaker, "group": f"{speaker}/{video}"}
        if sides:
            side = sides.get("/".join(sound[-3:]).rpartition(".")[0])
            if side is None:
                account.not_read(shown(sound), f"not in {LIST}")
                continue
            row["split"] = side
        rows.append((shown(sound), row))
    account.origins |= {"label": "the speaker's folder", "group": "the video's folder"}
    return reading(tree.folder, rows, wanted, account)


def _is_theirs(sound: Parts) -> bool:
    if len(sound) < 3:
        return False
    return all(pattern.fullmatch(name) for pattern, name in zip((_SPEAKER, _VIDEO, _CLIP), sound[-3:], strict=True))


def _sides(tree: Tree, account: Account) -> dict[str, str]:
    """Path of a clip without its ending -> split; nothing where no list names a clip that is here."""
    found: dict[str, str] = {}
    for parts in (parts for parts in tree.others if parts[-1] == LIST):
        for line in lines_of(tree.path(parts)):
            number, _, path = line.strip().partition(" ")
            if number in _SPLITS and path:
                found[path.strip().rpartition(".")[0]] = _SPLITS[number]
        tree.taken.add(parts)
    here = {"/".join(sound[-3:]).rpartition(".")[0] for sound in tree.sounds}
    if not found.keys() & here:
        account.guesses.append(
            "The folders dev and test of VoxCeleb hold different speakers and are no splits: splits are drawn by video."
        )
        return {}
    account.origins["split"] = f"{LIST}: 1 is train, 2 validation, 3 test"
    if lacking := here - found.keys():
        account.guesses.append(f"{len(lacking)} clips are not in {LIST} and are left out.")
    return found
