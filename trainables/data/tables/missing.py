"""Why files are not there: what their names have in common, and the nearest file that is there."""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from trainables.data.sound.endings import is_sound
from trainables.data.tables.places import parts_of, stem, written

MOST_FILES = 50_000  # that are looked at for near names
MOST_COMPARED = 10  # missing files of one reason that are compared with those in their folder
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\")


def missing_problems(missing: Sequence[str], homes: Sequence[Path]) -> dict[str, str]:
    """Path -> what is wrong, a sentence without the path: the same for all files that are missing for one reason.
    `homes` are the folders where relative paths of tables begin."""
    if not missing:
        return {}
    files = {home: _files_below(home) for home in homes}
    first: dict[tuple[str, str], str] = {}
    found = {}
    compared: Counter[str] = Counter()
    for path in missing:
        home = next((home for home in homes if written(path, home) != path), homes[0] if homes else None)
        reason = _reason(path, home)
        near = {} if home is None else _nearest(path, home, files[home])
        if len(near) == 1:
            ((folder, file),) = near.items()
            hint = f"; {file} is there: say `data.audio_folder: {folder}`"
        elif near:
            folder = " or ".join(near)
            hint = f"; {' and '.join(near.values())} are there: say which with `data.audio_folder: {folder}`"
        else:
            compared[reason] += 1
            folder = hint = "" if home is None or compared[reason] > MOST_COMPARED else _like(path, home)
        found[path] = first.setdefault((reason, folder), f"does not exist ({reason}{hint}).")
    return found


def _reason(path: str, home: Path | None) -> str:
    name = path if home is None else written(path, home)
    if _DRIVE.match(name):
        return "a path of another machine, with a drive of Windows"
    above = Path(path).parent
    lacking = None
    while not above.is_dir() and above != above.parent:
        lacking, above = above, above.parent
    if lacking is None:
        return f"its folder {above} is there"
    if os.path.isabs(name):
        other = " of another machine" if above == Path(above.anchor) else ""
        return f"a path{other}: there is no folder {lacking}"
    return f"there is no folder {written(str(lacking), above)!r} in {above}"


def _nearest(path: str, home: Path, files: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Folder from which the table's name leads to a file -> that file, below `home`; of several files of the name
    those whose folders fit best, and at most three."""
    parts = [_plain(part) for part in parts_of(path, home)[1]]
    if not parts:
        return {}
    hits = files.get(parts[-1]) or ([] if is_sound(parts[-1]) else files.get(f"{parts[-1]}.", ()))
    shared = {hit: _shared_tail(parts[:-1], [_plain(part) for part in hit.split("/")[:-1]]) for hit in hits}
    best = [hit for hit, length in shared.items() if length == max(shared.values())]
    found = {}
    for hit in best[:3]:
        above = hit.split("/")[:-1]
        found[str(home.joinpath(*above[: len(above) - shared[hit]]))] = hit
    return found


def _shared_tail(mine: Sequence[str], other: Sequence[str]) -> int:
    pairs = zip(reversed(mine), reversed(other), strict=False)
    return next((count for count, (a, b) in enumerate(pairs) if a != b), min(len(mine), len(other)))


def _like(path: str, home: Path) -> str:
    """A hint at a name in the same folder that is nearly the same."""
    folder = Path(path).parent
    try:
        names = sorted(os.listdir(folder))[:MOST_FILES]
    except (OSError, ValueError):
        return ""
    ending = [name for name in names if is_sound(name) and stem(name) == stem(Path(path).name)]
    if len(ending) == 1:
        return f"; {written(str(folder / ending[0]), home)} is, with another ending"
    near = difflib.get_close_matches(Path(path).name, names[:2000], n=1, cutoff=0.8)
    return f"; did you mean {written(str(folder / near[0]), home)}?" if near else ""


def _files_below(home: Path) -> dict[str, list[str]]:
    """Plain name, and plain stem with a dot, -> the files of sound below `home` that are called so."""
    found: dict[str, list[str]] = defaultdict(list)
    seen = 0
    for folder, below, names in os.walk(home):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(filter(is_sound, names)):
            relative = Path(os.path.relpath(os.path.join(folder, name), home)).as_posix()
            found[_plain(name)].append(relative)
            found[f"{_plain(stem(name))}."].append(relative)
        seen += len(names)
        if seen > MOST_FILES:
            break
    return found


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
