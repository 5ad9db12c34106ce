"""Speech Commands: a folder for each word, `validation_list.txt` and `testing_list.txt` with the clips of those splits,
`SPEAKER_nohash_NUMBER.wav`, and minutes of noise in `_background_noise_` (Warden 2018, arXiv:1804.03209).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trainables.data.layouts.found import below, lines_of, one_home, reading, require, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.table import Row

_LISTS: Mapping[str, str] = {"validation_list.txt": "validation", "testing_list.txt": "test"}
_NOISE = "_background_noise_"
_SPEAKER = "_nohash_"


def matches(tree: Tree) -> bool:
    return bool(_homes(tree))


def read(tree: Tree, wanted: Wanted) -> Reading:
    """The word is the label, the speaker the group. Raises InputError: several such, a task that wants no labels."""
    home = one_home(tree, _homes(tree), "Speech Commands")
    folder = tree.path(home)
    account = Account(layout="Speech Commands: a folder for each word, and lists of the validation and test clips")
    require(account.layout, folder, wanted, ("label",))
    splits = _splits(folder, account)
    listed = "split" in account.origins
    rows: list[Row] = []
    speakers = 0
    for path in below(home, tree.sounds):
        name = shown(path)
        if len(path) != 2 or path[0] == _NOISE:
            reason = "background noise, of no word" if path[0] == _NOISE else "not in the folder of a word"
            account.not_read(name, reason)
            continue
        speaker, mark, _ = path[1].partition(_SPEAKER)
        speakers += bool(mark)
        row = {
            "audio": name,
            "label": path[0],
            "group": speaker if mark else name,
            "split": splits.pop(name, "train") if listed else None,
        }
        rows.append((name, row))
    tree.taken |= {(*home, name) for name in _LISTS}
    if splits:
        first = ", ".join(list(splits)[:3])
        account.guesses.append(f"{len(splits)} clips of the lists are not there: {first}.")
    account.origins |= {
        "label": "the folder",
        "group": f"what stands before {_SPEAKER} ({speakers} of {len(rows)} clips)",
    }
    return reading(folder, rows, wanted, account)


def _splits(folder: Path, account: Account) -> dict[str, str]:
    """A clip's path -> its split; the clips of no list are for training."""
    splits: dict[str, str] = {}
    for name, split in _LISTS.items():
        if not (folder / name).is_file():
            account.guesses.append(f"There is no {name}: the {split} clips are drawn from the rest.")
            continue
        splits |= {
            line.strip().replace("\\", "/").removeprefix("./"): split
            for line in lines_of(folder / name)
            if line.strip()
        }
    if found := [name for name in _LISTS if (folder / name).is_file()]:
        account.origins["split"] = " and ".join(found)
    return splits


def _homes(tree: Tree) -> list[Parts]:
    """Folders with one of the lists; without them the folder of noise tells that the others are words."""
    listed = {path[:-1] for path in tree.others if path[-1] in _LISTS}
    return sorted(listed or {path[: path.index(_NOISE)] for path in tree.sounds if _NOISE in path})
