"""Files that a table names otherwise than they lie, or are called: read where its names lead to exactly one file.

Paths may begin elsewhere: published tables lie in a folder of their own (`meta/`), name files without their folder
(`clips/`), or count from where a recipe was run. Names may differ in their form of Unicode (macOS writes letters and
their marks apart), in capital letters, in backslashes, or lack their suffix. Where a sweep file gives
`data.audio_folder`, folders that stand before a name and are not there are left off, too: they are those of another
machine. All of it is said with a count.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path

from trainables.data.examples import Example
from trainables.data.reading import Account, Wanted
from trainables.data.sound.endings import is_sound
from trainables.data.split_names import split_name
from trainables.data.tables.table import Row

UNICODE, CAPITALS, SUFFIX = "another form of Unicode", "other capital letters", "the suffix that is missing"
BACKSLASHES, FOLDERS = "slashes for backslashes", "other folders before them"
SPREAD = "the folder below that they lie in"
_LOOKED_AT = 20  # files of a table, for which every place is tried
_LEAST_FOUND = 0.9  # of all files of a table
_MOST_FOLDERS = 200
_PROBED = 200  # missing files that tell how many folders are to be left off
_ABOVE = 3  # folders
_OF_TABLES = re.compile(  # names of folders that hold tables alone; the sound then lies in one beside them
    r"meta|list|label|annotation|ground.?truth|csv|tsv|transcript|manifest|info|split|setup|txt|text", re.IGNORECASE
)


@dataclass(frozen=True)
class _Listing:
    """What is in a folder, by what a name may be written like."""

    names: frozenset[str]
    composed: Mapping[str, Sequence[str]]  # NFC -> names
    small: Mapping[str, Sequence[str]]  # NFC, without capital letters
    stems: Mapping[str, Sequence[str]]  # NFC, of files of sound alone


Listing = Callable[[str], _Listing]  # folder -> what is in it


def paths_begin(table: Path, home: Path, rows: Sequence[Row], column: str, wanted: Wanted, account: Account) -> Path:
    """Where the paths in the `column` of a table begin: at `home`, or, which is said, elsewhere."""
    if wanted.audio_folder is not None or not table.is_file():
        return home
    found = other_home(table, home, [row[column] for _, row in rows if isinstance(row.get(column), str)])
    if found is None:
        return home
    account.guesses.append(f"The paths begin at {found}: the files are there.")
    return found


def other_home(table: Path, home: Path, written: Sequence[str]) -> Path | None:
    """The folder where paths begin, where no file is at `home` and nearly all are at one other place near the table;
    else None."""
    listing = _listings()
    every = [name for name in dict.fromkeys(written) if name and not os.path.isabs(name)]
    names = every[:_LOOKED_AT]
    if not names or any(_is_in(home, name, listing) for name in names):
        return None
    found = [
        folder
        for folder in islice(_near(table.parent), _MOST_FOLDERS)
        if all(_is_in(folder, name, listing) for name in names)
        and sum(_is_in(folder, name, listing) for name in every) >= _LEAST_FOUND * len(every)
    ]
    if len(found) > 1:  # train.csv beside train/ and test/, where both have a 0001.wav
        found = [folder for folder in found if _is_of(folder.name, table.name.partition(".")[0])]
    return found[0] if len(found) == 1 else None


def _is_of(folder: str, table: str) -> bool:
    """Whether a folder is called as a table is, or as its split."""
    return folder.lower() == table.lower() or (
        split_name(folder) is not None and split_name(folder) == split_name(table)
    )


def leads_to_sound(table: Path, home: Path, names: Sequence[str]) -> bool:
    """Whether all `names`, which lack their endings, are those of sound files: at `home`, or at one place near it."""
    listing = _listings()
    if not names or any("/" in name or "\\" in name or is_sound(name) for name in names):
        return False
    if all(_walk(str(home), [name], listing) for name in names):
        return True
    if other_home(table, home, names) is not None:
        return True
    lost = [os.path.join(home, name) for name in names]
    return len(_spread(lost, home, listing)) == len(names)


def located(examples: Sequence[Example], home: Path, account: Account, *, moved: bool) -> list[Example]:
    """The examples with the paths of files that are there, as far as there is one file for a name; relative paths begin
    at `home`. `moved`: the sweep file says that the files lie there, whatever folders the table names before them."""
    paths = dict.fromkeys(piece.path for example in examples for piece in example.audio)
    missing = [path for path in paths if not os.path.lexists(path)]
    if not missing:
        return list(examples)
    listing = _listings()
    found = {path: hit for path in missing if (hit := _alike(path, home, listing))}
    lost = [path for path in missing if path not in found]
    if moved and lost:
        found |= _moved(lost, home, listing)
    if len(missing) == len(paths) and not found:
        found = _spread(missing, home, listing)
    for how in dict.fromkeys(how for _, how in found.values()):
        shown = next((path, file) for path, (file, other) in found.items() if other == how)
        count = sum(other == how for _, other in found.values())
        name, file = (written(path, home) for path in shown)
        account.guesses.append(
            f"Names of files are read with {how} where one file fits ({count}, such as {name}, which is {file})."
        )
    at = {path: file for path, (file, _) in found.items()}
    return [
        replace(example, audio=tuple(replace(piece, path=at.get(piece.path, piece.path)) for piece in example.audio))
        for example in examples
    ]


def written(path: str, home: Path) -> str:
    """A path as a table writes it that lies at `home`."""
    return path.removeprefix(f"{str(home).rstrip(os.sep)}{os.sep}")


def parts_of(path: str, home: Path) -> tuple[str, list[str]]:
    """(where a path begins, its parts from there, backslashes and drives taken for what they are)."""
    rest = written(path, home)
    return str(home) if rest != path else os.sep, _parts(rest)


def _parts(name: str) -> list[str]:
    return [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]


def is_file(folder: Path, name: str) -> bool:
    """A name may be no name of a file at all: too long, or with signs that no system takes."""
    try:
        return (folder / name).is_file()
    except (OSError, ValueError):
        return False


def stem(name: str) -> str:
    return name.rpartition(".")[0]


def _is_in(folder: Path, name: str, listing: Listing) -> bool:
    return is_file(folder, name) or _walk(str(folder), _parts(name), listing) is not None


def _near(folder: Path) -> Iterator[Path]:
    """The folder, those in it and in them, those beside it if it is one of tables, and those above it."""
    yield folder
    inside = _folders(folder)
    yield from inside
    for below in inside:
        yield from _folders(below)
    if _OF_TABLES.search(folder.absolute().name):
        yield from (beside for beside in _folders(folder.absolute().parent) if beside != folder.absolute())
    yield from folder.absolute().parents[:_ABOVE]


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(folder / entry.name for entry in entries if entry.is_dir() and entry.name[:1] != ".")
    except OSError:
        return []


def _moved(lost: Sequence[str], home: Path, listing: Listing) -> dict[str, tuple[str, str]]:
    """The same number of first folders is left off everywhere: the number with which most files are found."""
    hits: Counter[int] = Counter()
    for path in lost[:_PROBED]:
        parts = parts_of(path, home)[1]
        tails = range(1, len(parts))
        hits.update([left for left in tails if _walk(str(home), parts[left:], listing)][:1])
    if not hits:
        return {}
    left = hits.most_common(1)[0][0]
    tails_of = {path: parts_of(path, home)[1][left:] for path in lost}
    return {
        path: (file[0], FOLDERS)
        for path, parts in tails_of.items()
        if parts and (file := _walk(str(home), parts, listing))
    }


def _spread(lost: Sequence[str], home: Path, listing: Listing) -> dict[str, tuple[str, str]]:
    """Bare names of files that lie in several folders at `home` and below, as class folders or folds do: nearly all of
    them, each in one folder."""
    inside = _folders(home)
    folders = [*inside, *(below for folder in inside for below in _folders(folder))][:_MOST_FOLDERS]
    found: dict[str, tuple[str, str]] = {}
    for path in lost:
        base, parts = parts_of(path, home)
        if base != str(home) or len(parts) != 1:
            return {}
        hits = [hit for folder in folders if (hit := _walk(str(folder), parts, listing))]
        if len(hits) == 1:
            found[path] = (hits[0][0], SPREAD)
    return found if len(found) >= _LEAST_FOUND * len(lost) else {}


def _alike(path: str, home: Path, listing: Listing) -> tuple[str, str] | None:
    base, parts = parts_of(path, home)
    found = _walk(base, parts, listing)
    if found is None:
        return None
    file, how = found
    return file, " and ".join([*([BACKSLASHES] if "\\" in written(path, home) else []), *how])


def _walk(base: str, parts: Sequence[str], listing: Listing) -> tuple[str, list[str]] | None:
    """The file below `base` that the parts name, one folder after the other, and what was changed in them."""
    if not parts or ".." in parts:
        return None
    how: list[str] = []
    for number, part in enumerate(parts, start=1):
        there = listing(base)
        if part not in there.names:
            hit = _like(part, there, last=number == len(parts))
            if hit is None:
                return None
            part, change = hit
            how += [] if change in how else [change]
        base = os.path.join(base, part)
    return (base, how) if os.path.isfile(base) else None


def _like(part: str, there: _Listing, *, last: bool) -> tuple[str, str] | None:
    composed = unicodedata.normalize("NFC", part)
    kinds = [(UNICODE, there.composed.get(composed, ())), (CAPITALS, there.small.get(composed.casefold(), ()))]
    if last and not is_sound(part):
        kinds.append((SUFFIX, there.stems.get(composed, ())))
    for change, hits in kinds:
        if hits:
            return (hits[0], change) if len(hits) == 1 else None
    return None


def _listings() -> Listing:
    """Reads each folder once, and sorts its names by what may be asked for: there may be very many of both."""
    return lru_cache(maxsize=None)(_listing)


def _listing(folder: str) -> _Listing:
    try:
        names = os.listdir(folder)
    except (OSError, ValueError):
        names = []
    composed, small, stems = (defaultdict[str, list[str]](list) for _ in range(3))
    for name in names:
        plain = unicodedata.normalize("NFC", name)
        composed[plain].append(name)
        small[plain.casefold()].append(name)
        if is_sound(name):
            stems[stem(plain)].append(name)
    return _Listing(frozenset(names), composed, small, stems)
