"""LJSpeech, and the many voices laid out like it: `metadata.csv` without a header, its columns divided by `|` (name,
text, text with numbers written out), and the sound in `wavs/NAME.wav` (keithito.com/LJ-Speech-Dataset).
"""

from __future__ import annotations

from trainables.data.layouts.found import below, first_line, lines_of, one_home, reading, require, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.table import Row

_SOUNDS = ("wavs", "wav")
_COLUMNS = (2, 3)  # name and text, or the text written out as well


def matches(tree: Tree) -> bool:
    return bool(_homes(tree))


def read(tree: Tree, wanted: Wanted) -> Reading:
    """The text is the last column, which has numbers written out, or the one before where that is empty.

    Raises InputError: several data sets, a task that wants no text, lines that are no such rows.
    """
    home = one_home(tree, _homes(tree), "a table as LJSpeech has it")
    folder = tree.path(home)
    account = Account(layout="LJSpeech: metadata.csv without a header, divided by |, and wavs/")
    require(account.layout, folder, wanted, ("text",))
    sounds = {path[-1].rpartition(".")[0]: path for path in below(home, tree.sounds) if path[0] in _SOUNDS}
    rows: list[Row] = []
    spelled = 0
    for number, line in enumerate(lines_of(folder / "metadata.csv"), start=1):
        where, cells = f"metadata.csv line {number}", [cell.strip() for cell in line.split("|")]
        if not line.strip():
            continue
        if len(cells) not in _COLUMNS:
            account.leave_out(where, "is not NAME|TEXT or NAME|TEXT|TEXT WITH NUMBERS WRITTEN OUT.")
            continue
        name = cells[0].removesuffix(".wav")
        spelled += len(cells) == 3 and bool(cells[2])
        audio = sounds.pop(name, ("wavs", f"{name}.wav"))
        rows.append((where, {"id": name, "audio": shown(audio), "text": (cells[2:] and cells[2]) or cells[1]}))
    for path in sounds.values():
        account.not_read(shown(path), "no line of metadata.csv names it")
    which = "the third column" if spelled else "the second column"
    account.origins["text"] = f"{which} of metadata.csv ({spelled if spelled else len(rows)} of {len(rows)} rows)"
    return reading(folder, rows, wanted, account)


def _homes(tree: Tree) -> list[Parts]:
    homes = []
    for table in tree.tables:
        if table[-1] != "metadata.csv":
            continue
        cells = first_line(tree.path(table)).split("|")
        stems = {(*table[:-1], folder, f"{cells[0].strip().removesuffix('.wav')}") for folder in _SOUNDS}
        if len(cells) in _COLUMNS and any((*path[:-1], path[-1].rpartition(".")[0]) in stems for path in tree.sounds):
            homes.append(table[:-1])
    return homes
