"""Folders whose names are the labels: `cat/1.wav`, with splits or speakers above or below them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from trainables.data.examples import AudioPiece, Example
from trainables.data.layouts.levels import SHOWN, Levels, Place, find_levels, shown
from trainables.data.layouts.tree import BROKEN_LINK, EMPTY, NOT_DECODED, Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.split_names import is_plain
from trainables.errors import InputError

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".zip", ".7z", ".rar", ".tar.bz2", ".tar.xz")
_BOOKS = (".xlsx", ".xls", ".ods", ".numbers")
_HEADERLESS = (".pcm", ".raw", ".sln", ".vox")
_PART = re.compile(r"(?<![^\W_])[^\W\d_](?![^\W_])")  # the `a` of `training-a`
_REMEDIES = {
    NOT_DECODED: "Convert them (ffmpeg -i IN OUT.flac), install the optional decoder (uv sync --extra compressed)",
    BROKEN_LINK: "Fetch what the links stand for (git annex get, dvc pull)",
}


def read_class_folders(tree: Tree, wanted: Wanted) -> Reading:
    """A file's path inside the folder is its id, and its group where no folder is one; files that are links to the same
    file are one group. Tables are not read.

    Raises InputError: no class folders, a layout in doubt or one that does not fit, a class or a split of which no file
    can be read, or class folders where the task wants no labels.
    """
    if not any(len(parts) > 1 for parts in (*tree.sounds, *tree.unread)):
        raise InputError(
            f"{tree.folder}: holds no class folders with sound in them and no table that names its sound{_held(tree)}. "
            f"{_packed(tree)}Lay the clips into a folder for each class, or add a metadata.csv with the columns "
            f"file_name and {wanted.column}."
        )
    if not tree.sounds:
        raise InputError(
            f"{tree.folder}: none of its {len(tree.unread)} files with sound can be read "
            f"({endings(parts[-1] for parts in tree.unread)}: {', '.join(sorted({*tree.unread.values()}))}). "
            f"{_how_to_read(tree)}"
        )
    if wanted.column != "label":
        raise InputError(
            f"{tree.folder}: class folders give labels and the task needs a column {wanted.column!r}; add a "
            f"metadata.csv with the columns file_name and {wanted.column}."
        )
    every = sorted([(parts, True) for parts in tree.sounds] + [(parts, False) for parts in tree.unread])
    levels = find_levels(str(tree.folder), [parts[:-1] for parts, _ in every], wanted.layout)
    account = Account(guesses=[f"{sentence}." for sentence in levels.said], advice=list(levels.advice))
    examples: list[Example] = []
    lost: list[tuple[Parts, Place]] = []  # sound that stands in its place and cannot be read
    homeless: dict[tuple[str, str], int] = Counter()
    first: dict[str, str] = {}  # real path -> the id that came first
    for parts, readable in every:
        place = levels.place(parts[:-1])
        name = "/".join(parts)
        if isinstance(place, str):
            account.not_read(name, place)
            homeless[parts[0] if len(parts) > 1 else "", place] += 1
        elif not readable:
            account.not_read(name, tree.unread[parts])
            lost.append((parts, place))
        else:
            group = first.setdefault(tree.real_path(parts), name) if place.group is None else place.group
            audio = (AudioPiece(str(tree.path(parts))),)
            examples.append(Example(id=name, audio=audio, group=group, target=_label(place.label), split=place.split))
    problems = [*_vanished(tree, examples, lost), *_splits_for_classes(tree, examples, wanted)]
    if problems:
        raise InputError(problems)
    for parts in tree.tables:
        account.not_read("/".join(parts), "a table, and the folders give the labels")
    account.guesses += _without_sound(tree, max(levels.at.values()) + 1)
    account.guesses += [_homeless(*place, count) for place, count in sorted(homeless.items())]
    _tell(account, levels, examples)
    return Reading(examples, account)


def _splits_for_classes(tree: Tree, examples: Sequence[Example], wanted: Wanted) -> list[str]:
    """A sentence where every class has the name of a split, as `training-a` and `training-b` have, of PhysioNet."""
    labels = sorted({str(example.target) for example in examples})
    if wanted.layout is not None or len(labels) < 2 or not all(is_plain(_PART.sub("", label)) for label in labels):
        return []
    return [
        f"{tree.folder}: the folders {shown(labels)} have the names of splits, and no class folders stand in them. Add "
        "a metadata.csv with the columns file_name and label; where these are the classes, say data.layout: classes."
    ]


def _label(folder: str) -> str:
    """Accents in one form: a disk may hold either, and a label is one text."""
    return unicodedata.normalize("NFC", folder).strip()


def _vanished(tree: Tree, examples: Sequence[Example], lost: Sequence[tuple[Parts, Place]]) -> list[str]:
    """Classes and splits of which no file can be read."""
    labels, splits = {str(example.target) for example in examples}, {example.split for example in examples}
    of: dict[tuple[str, str], list[str]] = defaultdict(list)
    for parts, place in lost:
        if _label(place.label) not in labels:
            of[f"The class {_label(place.label)}", tree.unread[parts]].append(parts[-1])
        elif place.split not in splits:
            of[f"The {place.split} split", tree.unread[parts]].append(parts[-1])
    if not of:
        return []
    unread = endings(parts[-1] for parts, _ in lost)
    every = f"{tree.folder}: {len(lost)} of {len(lost) + len(examples)} files with sound cannot be read ({unread})."
    return [
        every,
        *(
            f"{what} would vanish: {len(names)} of its files are {reason} ({endings(names)}). {_REMEDIES[reason]}, or "
            "take them out of the folder."
            for (what, reason), names in sorted(of.items())
        ),
    ]


def _without_sound(tree: Tree, depth: int) -> list[str]:
    """Folders, down to those of the classes, in which nothing is sound: `docs`, or a class that was never filled."""
    heard = {parts[:level] for parts in (*tree.sounds, *tree.unread) for level in range(len(parts))}
    silent: dict[str, list[str]] = defaultdict(list)
    files = [(parts[:-1], parts[-1]) for parts in (*tree.others, *tree.tables)]
    for folders, file in sorted(files + [(parts, "") for parts, reason in tree.left if reason == EMPTY]):
        levels = range(1, min(len(folders), depth) + 1)
        if top := next((folders[:level] for level in levels if folders[:level] not in heard), None):
            silent["/".join(top)].append(file)
    names = [f"{name} ({endings(held) if any(held) else 'empty'})" for name, held in silent.items()]
    return [f"Folders without sound are no classes: {shown(names)}."] if names else []


def endings(names: Iterable[str]) -> str:
    """The endings that occur, each with its count: "24 .m4a, 2 .wma"."""
    counts = Counter(PurePath(name).suffix.lower() or "without an ending" for name in names)
    return ", ".join(f"{count} {ending}" for ending, count in counts.most_common(SHOWN))


def _held(tree: Tree) -> str:
    kinds = {
        "sound at the top": tree.sounds,
        "sound that cannot be read": tree.unread,
        "tables": tree.tables,
        "other files": tree.others,
        "files that are hidden or cannot be opened": [parts for parts, _ in tree.left],
    }
    held = [f"{what} ({endings(parts[-1] for parts in paths)})" for what, paths in kinds.items() if paths]
    return f"; it holds {', '.join(held)}" if held else "; it is empty"


def _how_to_read(tree: Tree) -> str:
    if all(parts[-1].lower().endswith(_HEADERLESS) for parts in tree.unread):
        return (
            "They are samples without a header: say what they are, as in ffmpeg -f s16le -ar 16000 -ac 1 -i IN OUT.flac"
        )
    return f"{_REMEDIES[next(iter(tree.unread.values()))]}."


def _packed(tree: Tree) -> str:
    packed = [parts[-1] for parts in tree.others if parts[-1].lower().endswith(_ARCHIVES)]
    if books := [parts[-1] for parts in tree.others if parts[-1].lower().endswith(_BOOKS)]:
        return f"Excel workbooks are not read: save the sheet of {books[0]} as CSV. "
    if not packed or tree.sounds:
        return ""
    return f"Archives are not read, WebDataset's shards among them: unpack {packed[0]}. "


def _homeless(top: str, reason: str, count: int) -> str:
    where = f"of {top}/ " if top else ""
    if count == 1:
        return f"1 file with sound {where}stands {reason} and is left out."
    return f"{count} files with sound {where}stand {reason} and are left out."


def _tell(account: Account, levels: Levels, examples: Sequence[Example]) -> None:
    labels = Counter(str(example.target) for example in examples)
    account.layout = f"class folders ({levels.layout})"
    account.origins["label"] = f"the names of folders ({shown(sorted(labels))})"
    if "splits" in levels.at:
        splits = [name if name == split else f"{name} is {split}" for name, split in levels.splits.items()]
        account.origins["split"] = f"the names of folders ({', '.join(splits)})"
        given = {example.split for example in examples}
        empty = sorted(set(levels.splits.values()) - given)
        if empty:
            account.guesses.append(
                f"No clip of the {' and '.join(empty)} split has a label: it is drawn from the others."
            )
    if "speakers" in levels.at:
        groups = sorted({example.group for example in examples})
        account.origins["group"] = f"the names of folders ({shown(groups)})"
    elif len({example.group for example in examples}) < len(examples):
        account.origins["group"] = "every file, links to one file together"
    else:
        account.origins["group"] = "every file is a group of its own"
