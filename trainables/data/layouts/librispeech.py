"""LibriSpeech, and what is laid out like it: `train-clean-100/SPEAKER/CHAPTER/SPEAKER-CHAPTER.trans.txt` with a line
`SPEAKER-CHAPTER-NUMBER THE WORDS` for each sound file beside it (Panayotov et al. 2015, openslr.org/12).
"""

from __future__ import annotations

from trainables.data.layouts.found import below, lines_of, one_home, part_splits, reading, require, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.table import Row

_LISTING = ".trans.txt"


def matches(tree: Tree) -> bool:
    return bool(_listings(tree))


def read(tree: Tree, wanted: Wanted) -> Reading:
    """The speaker is the group; parts (`dev-clean`) are splits where there are several.

    Raises InputError: several data sets, a task that wants no text, rows that cannot be used.
    """
    listings = _listings(tree)
    parts_of = {listing: listing[:-3] for listing in listings}  # above speaker and chapter
    depth = max(len(part) for part in parts_of.values())
    home = one_home(tree, (part[:-1] if len(part) == depth else part for part in parts_of.values()), "LibriSpeech")
    folder = tree.path(home)
    account = Account(layout="LibriSpeech: SPEAKER/CHAPTER/*.trans.txt")
    require(account.layout, folder, wanted, ("text", "speaker", "chapter"))
    splits = part_splits((part[-1] for part in parts_of.values() if len(part) > len(home)), account)
    sounds = {(*path[:-1], path[-1].rpartition(".")[0]): path for path in below(home, tree.sounds)}
    rows: list[Row] = []
    for listing in listings:
        part, chapter = parts_of[listing], listing[len(home) : -1]
        if splits and part[-1] not in splits:
            account.not_read(shown(listing), f"the name {part[-1]} gives no split, as those beside it do")
            continue
        for number, line in enumerate(lines_of(tree.path(listing)), start=1):
            name, _, text = line.strip().partition(" ")
            if not name:
                continue
            audio = sounds.pop((*chapter, name), (*chapter, f"{name}.flac"))
            row = {"id": name, "audio": shown(audio), "text": text.strip(), "group": chapter[-2]}
            row |= {"split": splits[part[-1]]} if splits else {}
            further = {"speaker": chapter[-2], "chapter": chapter[-1]}
            row |= {column: further[column] for column in wanted.columns.values() if column in further}
            rows.append((f"{shown(listing)} line {number}", row))
        tree.taken.add(listing)
    for path in sounds.values():
        account.not_read(shown(path), "no line of a .trans.txt names it")
    account.origins |= {"group": "the speaker's folder", "text": "the lines of *.trans.txt"}
    return reading(folder, rows, wanted, account)


def _listings(tree: Tree) -> list[Parts]:
    return [
        parts
        for parts in tree.others
        if parts[-1].endswith(_LISTING)
        and len(parts) > 2
        and parts[-1].removesuffix(_LISTING).split("-") == [parts[-3], parts[-2]]
    ]
