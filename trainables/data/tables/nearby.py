"""Files that a table names otherwise than they are called here: read where the names lead to exactly one file.

Another form of Unicode (macOS writes letters and their marks apart), backslashes, capital letters, no suffix. Where a
sweep file gives `data.audio_folder`, folders that stand before a name and are not there are left off, too: they are
those of another machine. All of it is said with a count.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from trainables.data.examples import Example
from trainables.data.reading import Account
from trainables.data.sound.endings import is_sound

UNICODE, CAPITALS, SUFFIX = "another form of Unicode", "other capital letters", "the suffix that is missing"
BACKSLASHES, FOLDERS = "slashes for backslashes", "other folders before them"
Listing = Callable[[str], Collection[str]]  # folder -> the names in it
PROBED = 200  # missing files that tell how many folders are to be left off


def located(examples: Sequence[Example], home: Path, account: Account, *, moved: bool) -> list[Example]:
    """The examples with the paths of files that are there, as far as there is one file for a name; relative paths begin
    at `home`. `moved`: the sweep file says that the files lie there, whatever folders the table names before them."""
    paths = dict.fromkeys(piece.path for example in examples for piece in example.audio)
    missing = [path for path in paths if not os.path.lexists(path)]
    if not missing:
        return list(examples)
    listing = lru_cache(maxsize=None)(_names)
    found = {path: hit for path in missing if (hit := _alike(path, home, listing))}
    lost = [path for path in missing if path not in found]
    if moved and lost:
        found |= _moved(lost, home, listing)
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
    base = str(home) if rest != path else os.sep
    return base, [part for part in rest.replace("\\", "/").split("/") if part not in ("", ".")]


def _moved(lost: Sequence[str], home: Path, listing: Listing) -> dict[str, tuple[str, str]]:
    """The same number of first folders is left off everywhere: the number with which most files are found."""
    hits: Counter[int] = Counter()
    for path in lost[:PROBED]:
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
        names = listing(base)
        if part not in names:
            hit = _like(part, names, last=number == len(parts))
            if hit is None:
                return None
            part, change = hit
            how += [] if change in how else [change]
        base = os.path.join(base, part)
    return (base, how) if os.path.isfile(base) else None


def _like(part: str, names: Iterable[str], *, last: bool) -> tuple[str, str] | None:
    composed = unicodedata.normalize("NFC", part)
    changes: list[tuple[str, Callable[[str], bool]]] = [
        (UNICODE, lambda name: unicodedata.normalize("NFC", name) == composed),
        (CAPITALS, lambda name: unicodedata.normalize("NFC", name).casefold() == composed.casefold()),
    ]
    if last and not is_sound(part):
        changes.append((SUFFIX, lambda name: is_sound(name) and unicodedata.normalize("NFC", stem(name)) == composed))
    for change, fits in changes:
        hits = [name for name in names if fits(name)]
        if hits:
            return (hits[0], change) if len(hits) == 1 else None
    return None


def stem(name: str) -> str:
    return name.rpartition(".")[0]


def _names(folder: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except (OSError, ValueError):
        return frozenset()
