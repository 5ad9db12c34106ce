"""A folder of recordings with Audacity's label tracks: `NAME.txt` beside `NAME.wav`, lines of start, end (seconds) and
label with tabs between; a line that begins with a backslash gives the pitch of the one above (manual.audacityteam.org,
"Importing and Exporting Labels").
"""

from __future__ import annotations

import re

from trainables.data.layouts.folder_splits import with_folder_splits
from trainables.data.layouts.found import first_line, lines_of, reading, require, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.table import Row

_LINE = re.compile(r"\s*(\d+(?:[.,]\d+)?)\t\s*(\d+(?:[.,]\d+)?)(?:\t([^\t]*))?")
_NAMED_AFTER = re.compile(r"[-_. ]?labels?(?:[-_ ]?track)?", re.IGNORECASE)  # bird_labels.txt beside bird.wav


def matches(tree: Tree) -> bool:
    return bool(_tracks(tree))


def read(tree: Tree, wanted: Wanted) -> Reading:
    """Every stretch is a clip, its recording the group. Raises InputError: rows that cannot be used."""
    account = Account(layout="label tracks of Audacity beside their recordings")
    require(account.layout, tree.folder, wanted, ("label", "text"))
    rows: list[Row] = []
    points = unnamed = 0
    tracks = _tracks(tree)
    for track, sound in tracks.items():
        for number, line in enumerate(lines_of(tree.path(track)), start=1):
            if not line.strip() or line.startswith("\\"):
                continue
            where, match = f"{shown(track)} line {number}", _LINE.fullmatch(line)
            if match is None:
                account.leave_out(where, "is not START, END and LABEL with tabs between.")
                continue
            start, end = (float(time.replace(",", ".")) for time in match.group(1, 2))
            label = (match[3] or "").strip()
            points += end == start
            unnamed += not label
            if end == start or not label:
                continue
            times = {"start_seconds": start, "seconds": round(end - start, 6)}
            rows.append((where, {"audio": shown(sound), "label": label, "text": label, **times}))
    account.guesses += [f"{points} labels of a point in time, and no stretch, are left out."] if points else []
    account.guesses += [f"{unnamed} stretches without a label are left out."] if unnamed else []
    account.origins |= {wanted.column: "the label tracks", "group": "the recording"}
    tree.taken |= {*tracks}
    for sound in tree.sounds:
        if sound not in tracks.values():
            account.not_read(shown(sound), "no label track lies beside it")
    kept: list[Row] = [
        (where, {name: row[name] for name in row if name not in ("label", "text") or name == wanted.column})
        for where, row in rows
    ]
    return with_folder_splits(reading(tree.folder, kept, wanted, account), wanted)


def _tracks(tree: Tree) -> dict[Parts, Parts]:
    """Label track -> its recording; nothing where not every text beside a recording is one."""
    sounds = {(*parts[:-1], parts[-1].rpartition(".")[0]): parts for parts in tree.sounds}
    found: dict[Parts, Parts] = {}
    for parts in tree.others:
        stem, _, ending = parts[-1].rpartition(".")
        if ending.lower() != "txt":
            continue
        sound = sounds.get((*parts[:-1], stem)) or sounds.get((*parts[:-1], _NAMED_AFTER.sub("", stem)))
        if sound is None:
            continue
        if _LINE.fullmatch(first_line(tree.path(parts))) is None:
            return {}
        found[parts] = sound
    return found
